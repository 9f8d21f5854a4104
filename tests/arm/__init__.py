"""An Azure tenant made of ARM bodies, and the transport that serves it to the SDKs."""
