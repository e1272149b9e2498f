"""How we answer: `create_app`, the HTTP API, scoring with the promoted model."""
