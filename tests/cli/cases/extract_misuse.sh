# What is asked for wrongly is named; exit code 2.
echo "<p>x</p>" > a.html
ftok extract a.html a.html || echo "exit $?"
ftok extract --report r.html --jsonl a.html a.html || echo "exit $?"
ftok extract --precision --recall a.html 2> /dev/null || echo "exit $?"
