ftok
