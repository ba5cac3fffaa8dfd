# What `ftok crawl` and `ftok models` refuse before they fetch anything.
refused() { local code=0; ftok "$@" || code=$?; echo "exit $code"; }
refused crawl paths
refused crawl paths CC-MAIN-2024-10 --kind wrac
refused crawl get
refused models get no-such-model
refused models path no-such-model
ftok models list > list.txt; head -3 list.txt
