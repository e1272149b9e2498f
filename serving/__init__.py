"""How we answer: parse, score, remember, over HTTP."""
