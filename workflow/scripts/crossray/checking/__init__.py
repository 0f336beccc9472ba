"""Check of a study before anything is rendered, converted or trained."""
