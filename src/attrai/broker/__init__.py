"""dramatiq on RabbitMQ, without the ways in which it may lose a message, and its middleware."""

from attrai.broker.messages import hide_messages
from attrai.broker.middleware import PutBack, SafeRetries, middleware
from attrai.broker.rabbitmq import Broker

__all__ = ["Broker", "PutBack", "SafeRetries", "hide_messages", "middleware"]
