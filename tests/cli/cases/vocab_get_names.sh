# What `vocab get` takes: a vocabulary, or a model that uses one; what it cannot fetch is said by name, without a request.
echo "no ranks" > ranks
for name in gpt-4 gpt-4o-2024-08-06 cl100k; do ftok vocab get $name --from ranks > /dev/null 2> said || echo "$name: exit $?, $(grep -o 'SHA-256' said | head -n 1)"; done
for name in ftok-50k llama3 cl100k_bass lid.176.bin; do ftok vocab get $name || echo "exit $?"; done
