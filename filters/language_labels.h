// Labels of language models: ISO 639-1 ("de", as lid.176 has them) and ISO 639-3 with an ISO 15924 script ("deu_Latn",
// as GlotLID, OpenLID and NLLB have them).
#pragma once

#include <string_view>

namespace ftok {

// Whether two labels mean one language. Equal ones do. Else both are reduced to ISO 639-1, and scripts count where both
// have one: "de" is "deu_Latn", "zh" is "cmn_Hani"; "srp_Latn" is not "srp_Cyrl", and both are "sr".
bool is_same_language(std::string_view a, std::string_view b);

}  // namespace ftok
