"""The Telegram bot: turns updates into jobs, and replies to users and the operator.

poller      fetches updates, has each handled, and only then confirms them
webhook     has Telegram send updates instead, to the HTTP server in webhook_server
connection  calls to Telegram that are repeated until they succeed
handling    handles one update, and knows which were handled
replicas    says which of several bots keeps which progress message
captions    remembers the captions of albums
updates     parses an update into a request, of one of the request_types
dispatcher  hands each request to the part that it is for
access      admits those who may use the bot, and tells the others why not
blocklist   keeps whom operators have blocked
requests    admits or refuses photos, and answers commands
jobs        makes the jobs of photos and of presses
replies     answers what people write, in the background
language    remembers who chose which language, and applies it to their requests
menu        sets the menus of commands
profile     sets the descriptions that Telegram shows of the bot
buttons     answers presses of buttons, by the handler of their kind
answer_buttons  handles those under answers
cancelling  handles the one under progress messages
permission  keeps everybody else from pressing a button
admin       answers /admin with the status of the service (status_report), and blocks people
progress    sends, updates and deletes the messages that say how long a photo will take
sender      sends messages in the background, so that the poller never waits for them
calls       threads for calls that are due later
services    what these parts share

`attrai.processes.bot` runs these as a process, and `attrai.processes.embedded` runs them in
one process with all stages.
"""
