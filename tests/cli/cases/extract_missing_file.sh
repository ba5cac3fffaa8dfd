ftok extract no-such-page.html
