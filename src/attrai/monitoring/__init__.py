"""Monitoring for operators: the current state of the service, and its history by day.

queues      depths of the queues in RabbitMQ
snapshot    the state of all parts at one moment, even while some are down
bottleneck  which stage slows the others down, and what would help
status      a snapshot as a table and as JSON
charts      the history as a picture
bars        the history in a terminal
tables      the history as CSV and as JSON
prometheus  the metrics, and the page that Prometheus scrapes
exporter    opening the metrics when ATTRAI_METRICS_PORT is set
"""
