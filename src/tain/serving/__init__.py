"""The server: detectors and classifiers over HTTP, in a shape of our own and in those that clients know already.

A request goes through `context` (request id, log, last resort for errors), `access` (host, key, rate) and `intake`
(size and time of the body) to a route; `service.ask` hands its texts to the `batcher`, whose one thread reads them.
"""
