"""The only place where a call meets the world: sockets, clocks, engines, stores.

`AudioServer` takes the gateways' sockets, a `Runner` performs the actions of one call, one `Beat` drives
them all.
"""
