"""The bot: takes photos from Telegram's updates into the chain, and talks about them.

poller      gets updates, has them handled, and only then confirms them
updates     what a message wants of us
requests   lets a photo in or refuses it, answers commands
admin       tells the operator how all is doing
progress     the message that says how long it will take, until it is answered
sender      sends without keeping the poller waiting
service     all of these as a process
one_process the same with the stages in it
"""
