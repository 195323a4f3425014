"""The page of a peer: what it knows and does, for people who would rather look than type.

    chronicle   what the peer tells of itself, kept: its health, its transfers, its messages
    transfers   documents on their way, in both directions
    messages    the last messages in the form of the protocol
    fetching    documents and whole selections that the page asked for
    swarm       what the swarm has, read from the index now and then
    finding     titles and texts that fit
    reading     a document as people read it
    wording     all of that as JSON, and the peer's health in words
    api         the addresses below /api/
    app         the pages, the API and their guard, put together

The page itself is a script in `static/` that uses nothing but the API.
"""
