# Personal data replaced, and found.
printf 'Mail jane.roe@mail.example.org or call from 8.8.8.8.\nCard 4111 1111 1111 1111.\n' > a.txt
ftok pii a.txt
ftok pii --kinds all a.txt
code=0; ftok pii --kinds emial a.txt || code=$?; echo "exit $code"
printf '{"text":"jane.roe@mail.example.org, twice: jane.roe@mail.example.org"}\n{"text":"none"}\n' > a.jsonl
ftok pii --jsonl --report a.jsonl
ftok pii --jsonl --spans a.jsonl
ftok pii --jsonl --text-key body a.jsonl || echo "exit $?"
