"""Calls, kills, a CRM that fails: what is told of each call, and how often."""
