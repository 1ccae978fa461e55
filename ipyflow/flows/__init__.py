"""How the user says it: front doors without queue, thread, retry or status of their own."""
