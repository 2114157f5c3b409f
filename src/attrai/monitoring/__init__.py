"""What an operator wants to see: how the chain does now, and how it did day by day.

queues      how many messages wait in RabbitMQ
snapshot    the state of all parts at a moment, also with parts down
advice      which stage holds the others up, and what would help
status      a snapshot as a table, as JSON, as a message
charts      the history as a picture
bars        the history in a terminal
history     the history as CSV and as JSON
"""
