"""What open pages cost the webhooks, and how soon they show what happens."""
