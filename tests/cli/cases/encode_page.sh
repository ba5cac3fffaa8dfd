# A page is one file that loads nothing, and text in it stays text.
ftok encode --vocab ftok-4k --page page.html '</b><script>alert(1)</script> & "quotes" </script'
grep -c '<script>' page.html
grep -c 'alert(1)</script>' page.html || true
grep -o 'default-src .none.' page.html
grep -o 'src=\|href=\|http:' page.html || echo 'loads nothing'
ftok encode --page two.html --compare ftok-4k,ftok-50k 'two panels'
grep -o '<h2>[^<]*' two.html
