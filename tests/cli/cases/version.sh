ftok --version
