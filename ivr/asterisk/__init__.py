"""The private Asterisk on this machine: found, configured, started, stopped.

    from ivr.asterisk.locate import locate                      # standard library only
    from ivr.asterisk.render import RenderOptions, render
    from ivr.asterisk.process import PrivateAsterisk

    rendered = render(Path("var/asterisk"), binary := locate(), RenderOptions(agents=("agent1", "agent2")))
    async with PrivateAsterisk(binary, rendered) as asterisk:
        rendered.ari_url, rendered.ari_user, rendered.ari_password, rendered.application
        rendered.hotline_uri                                     # sip:12345@127.0.0.1:PORT (UDP and TCP)
        rendered.ports.sip, rendered.ports.sip_tls, rendered.ports.http
        rendered.account("agent1").password
        rendered.recordings, rendered.voicemail, rendered.fallback_notes
        await asterisk.cli("core show channels")
        (await asterisk.inventory()).channels                    # {id: words}; also .bridges
        await asterisk.wait_empty()                              # Inventory; .is_empty

What a StasisStart of ours carries in `args`:

    ["call", NUMBER_DIALLED, ENDPOINT]      a citizen: ENDPOINT is "trunk", "anonymous" or an agent's name
    ["feature", CODE, AGENT]                an agent dialled *45, *46, *47, *48 or *48N

Lines of the dialplan or of pjsip.conf that a bench or an installation adds go into `rendered.etc`'s
`extensions.d/*.conf` and `pjsip.d/*.conf` before the start.
"""
