"""Mail: letters are written in the transaction of their cause, sealed, sent by a worker and then erased.

Outbox.post   a sealed row in the caller's transaction        (outbox.py)
MailWorker    claims due rows, composes, hands over, erases   (worker.py, compose.py, rules.py)
Transport     SMTP (smtp.py), or the mailbox of `ecrin dev` (mailbox.py)

At least once: after a crash a letter may go twice, under the same Message-ID.
"""
