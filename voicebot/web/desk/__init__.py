"""The pages of people: signing in, the agents' desk with its live pushes, the queue, and the calls.

Views of other rooms are guarded with `access.requires`; everything else here is put together by `build.install`.
"""
