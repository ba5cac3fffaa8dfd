# Which rule and which list drops a URL.
echo bad.com > domains.txt
ftok url check --domains domains.txt http://www.bad.com/page http://good.com/ || true
code=0; ftok url check || code=$?; echo "exit $code"
# Lists as Windows programs write them.
printf '\357\273\277http://www.bad.com/first\r\nhttp://good.com/\r\n' | ftok url check --domains domains.txt -
