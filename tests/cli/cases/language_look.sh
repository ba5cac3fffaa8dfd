# The bundled language model on arguments.
ftok language "Le chat dort sur la chaise près de la fenêtre." "The cat sleeps on the chair by the window."
ftok language --json "Die Katze schläft auf dem Stuhl am Fenster."
# A text without a word has no language, whatever form the answer has.
ftok language "" " "
: > empty.txt
ftok language empty.txt
ftok language < /dev/null
ftok language --json --top 3 ""
ftok language --shares ""
printf '\nLe chat dort sur la chaise.\n' | ftok language --lines --json | cut -c1-40
