"""The tree of our own errors. A hang-up is never one of them: it is the result `Gone`.

HotlineError
├── ConfigError            a setting is missing or wrong: says which file, key and value, and how to mend it
├── AriError
│   ├── AriRejected        Asterisk answered with a status that is our mistake (400, 409, 422 ...)
│   ├── AriUnavailable     no answer, a refused connection, a timeout, a 5xx
│   ├── AriUnauthorised    wrong user or password: never retried
│   ├── MailboxOverflow    a call's event queue was full: that call ends, loudly
│   └── MailboxClosed      `get` on a mailbox that its owner has closed (ari/bus.py)
├── FlowError
│   ├── FlowLoadError      findings with file, line, column, cause and suggestion
│   ├── VersionError       a version of the dialogue that is not there, or may not go live
│   └── PromptMissing      no audio for a prompt in a language
├── TranscriptError        a transcript cannot be shown, searched, corrected or written out as asked
│   ├── TranscriptMissing  there is no such call or line
│   └── CorrectionConflict somebody else has corrected the line meanwhile
├── CallbackError          a call cannot be promised: nobody may be called there, or the queue takes nobody
├── HoursError             somebody's word for today about a calendar that there is none of
├── AdmissionError         the nuisance list cannot be changed as asked
├── AccountError           an agent's SIP account cannot be made or changed as asked
├── RecordingError         a recording is not there, is not what it was, or may not be erased
├── BackupError            a backup or an archive cannot be made, read or put back
├── ErasureError           a person's data cannot be erased as asked
├── AsteriskError          the private Asterisk could not be found, rendered or started
└── StorageError           the database refused or is away
"""

from __future__ import annotations


class HotlineError(Exception):
    """Root of all errors of ours. `mend` says what a person can do about it."""

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend


def first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error itself of a group, however deep task groups nested it."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class ConfigError(HotlineError):
    pass


class AriError(HotlineError):
    pass


class AriRejected(AriError):
    def __init__(self, message: str, *, status: int, mend: str = "") -> None:
        super().__init__(message, mend=mend)
        self.status = status


class AriUnavailable(AriError):
    """sent: the command was on its way, and perhaps it was carried out."""

    def __init__(self, message: str, *, mend: str = "", sent: bool = True) -> None:
        super().__init__(message, mend=mend)
        self.sent = sent


class AriUnauthorised(AriError):
    pass


class MailboxOverflow(AriError):
    pass


class FlowError(HotlineError):
    pass


class VersionError(FlowError):
    pass


class PromptMissing(FlowError):
    pass


class TranscriptError(HotlineError):
    pass


class TranscriptMissing(TranscriptError):
    pass


class CorrectionConflict(TranscriptError):
    pass


class HoursError(HotlineError):
    pass


class CallbackError(HotlineError):
    pass


class AccountError(HotlineError):
    pass


class AdmissionError(HotlineError):
    pass


class RecordingError(HotlineError):
    pass


class BackupError(HotlineError):
    pass


class ErasureError(HotlineError):
    pass


class AsteriskError(HotlineError):
    pass


class StorageError(HotlineError):
    pass
