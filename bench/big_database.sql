-- A hotline's database after long use: of `calls` calls, one each 90 s, those from `first` to `last` (bench/big_database.py
-- puts the numbers in).

DROP TABLE IF EXISTS calls_made;

CREATE TEMPORARY TABLE calls_made ON COMMIT DROP AS
SELECT n, timestamptz '2026-01-01 00:00+00' + make_interval(secs => n * 90.0) AS began
FROM generate_series(:first, :last) n;

INSERT INTO calls (id, node, state, caller, dialled, language, flow, flow_version, started_at, answered_at,
                   ended_at, ended_by, cause, data, revision)
SELECT 'c-n1-' || n, 'n1', CASE WHEN n > :calls - 100 THEN 'live' ELSE 'ended' END,
       '138' || lpad((n * 7919 % (:calls / 3 + 1))::text, 8, '0'), '12345', 'zh', 'main', repeat('a', 64),
       began, began, began + interval '80 s', 'caller', 16,
       '{"outcome": "completed"}', 1
FROM calls_made;

INSERT INTO journal (call_id, seq, at, kind, data, version)
SELECT 'c-n1-' || n, seq, began + make_interval(secs => seq),
       CASE seq WHEN 1 THEN 'arrived' WHEN 20 THEN 'ended' ELSE 'input' END,
       '{"type": "digit", "digit": "1"}', 1
FROM calls_made, generate_series(1, 20) seq;

INSERT INTO queue_entries (id, call_id, queue, state, enqueued_at, since, step_since, limit_from, skills, steps,
                           priority, language, reason, step, agent, attempts, tried, joined_at, ended_at, outcome,
                           revision, caller_key)
SELECT 'e-' || n, 'c-n1-' || n, 'queue' || n % 6, CASE WHEN n > :calls - 100 THEN 'waiting' ELSE 'ended' END,
       began, began, began, began, '{}', '[]', 0, 'zh', '', 0,
       'a' || n % 200, 1, '{}', began, began + interval '70 s',
       CASE WHEN n % 10 = 0 THEN 'abandoned' ELSE 'served' END, 5, 'key' || n * 7919 % (:calls / 3 + 1)
FROM calls_made WHERE n % 5 > 0;

INSERT INTO entry_changes (entry_id, revision, at, call_id, event, data)
SELECT 'e-' || n, r, began + make_interval(secs => r), 'c-n1-' || n,
       (ARRAY['arrived', 'offered', 'ringing', 'joined', 'ended'])[r + 1], '{}'
FROM calls_made, generate_series(0, 4) r WHERE n % 5 > 0;

INSERT INTO decisions (entry_id, revision, at, kind, call_id, agent, step, outcome, reasons,
                       sentence_zh, sentence_en)
SELECT 'e-' || n, r, began, 'offer', 'c-n1-' || n, 'a' || n % 200, 0, '', '[]', '', ''
FROM calls_made, generate_series(1, 2) r WHERE n % 5 > 0;

INSERT INTO agents (id, name, extension, skills, queues, labels, state, since, idle_since, pause_reason, no_answers,
                    revision)
SELECT 'a' || n, 'agent', n::text, '{}', '[]', '{}', 'available', timestamptz '2026-01-01 00:00+00', timestamptz '2026-01-01 00:00+00', '', 0, 1
FROM generate_series(0, 199) n
ON CONFLICT DO NOTHING;

INSERT INTO agent_states (agent_id, revision, at, before, after, event, reason, entry, data)
SELECT 'a' || n % 200, n / 200 * 6 + r, began + make_interval(secs => r), 'available',
       'talking', 'event', '', 'e-' || n, '{}'
FROM calls_made, generate_series(0, 5) r;

INSERT INTO transcripts (call_id, party, seq, at, speaker, source, language, text, engine, engine_version, words,
                         revision, open_words)
SELECT 'c-n1-' || n, '', seq, began, 'caller', 'dialogue', 'zh', '路灯坏了', 'vosk', '1', '[]', 0,
       ('''路灯'':1 ''n' || n || ''':2')::tsvector
FROM calls_made, generate_series(1, 2) seq;

INSERT INTO missed_calls (id, caller_key, number, reason, reasons, count, first_at, last_at, due_at, call_id, queue,
                          language, state, callback_id, closed_at, closed_how, closed_by, closed_why, closing_call,
                          revision)
SELECT 'o-' || n, 'key' || n, '138', 'abandoned', '{}', 1, began, began,
       began, 'c-n1-' || n, 'queue1', 'zh', CASE WHEN n > :calls - 500 THEN 'open' ELSE 'closed' END,
       'b-' || n, CASE WHEN n > :calls - 500 THEN NULL ELSE began END, 'hand', '', '', '', 1
FROM calls_made WHERE n % 10 = 0;

INSERT INTO recordings (id, call_id, purpose, path, seconds, language, created_at, state, data, revision)
SELECT 'r-' || n, 'c-n1-' || n, 'talk', n || '.wav', 60, 'zh', began, 'kept', '{}', 1
FROM calls_made WHERE n % 2 = 0;

INSERT INTO notifications (id, call_id, channel, recipient, text, language, data, state, attempts, next_at,
                           created_at, error, revision)
SELECT 'm-' || n, 'c-n1-' || n, 'sms', '138', '', 'zh', '{}',
       CASE WHEN n > :calls - 100 THEN 'pending' ELSE 'sent' END, 1, began, began, '', 1
FROM calls_made WHERE n % 4 = 0;

INSERT INTO callbacks (id, call_id, entry_id, queue, number, language, skills, priority, reason, enqueued_at, state,
                       attempts, created_at, data, revision)
SELECT 'b-' || n, 'c-n1-' || n, 'e-' || n, 'queue1', '138' || n, 'zh', '{}', 0, '', began,
       CASE WHEN n > :calls - 100 THEN 'waiting' ELSE 'done' END, 1, began, '{}', 1
FROM calls_made WHERE n % 10 = 0;

INSERT INTO acts (id, at, author, kind, act, call_id, subject, why, data)
SELECT 'act-' || n, began, 'a', 'entry', 'move', 'c-n1-' || n, 'e-' || n, '', '{}'
FROM calls_made WHERE n % 10 = 0;

INSERT INTO wrap_ups (agent_id, revision, entry_id, call_id, code, began_at, ended_at, ended_by)
SELECT 'a' || n % 200, n / 200 * 6 + 5, 'e-' || n, 'c-n1-' || n, 'done', began, began + interval '90 s', 'agent'
FROM calls_made WHERE n % 5 > 0;

INSERT INTO wait_estimates (id, entry_id, queue, at, place, serving, low_s, high_s, told, waited_s, hit)
SELECT 'w-' || n, 'e-' || n, 'queue' || n % 6, began, 1, 1, 10, 20, true, 15, true
FROM calls_made WHERE n % 5 > 0;
