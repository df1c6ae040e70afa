"""How things are computed: pure functions over arrays, no policy, each publishable alone."""
