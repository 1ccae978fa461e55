"""What a run is: states, records, the one fold over them. Pure values: no threads, no I/O, no clock."""
