ftok frobnicate
