"""The HTTP side: webhooks of the telephony platform, the agent's page, health.

Answers in milliseconds and holds no call state of its own: live calls are in `Sessions`, the past is in `Records`.
"""
