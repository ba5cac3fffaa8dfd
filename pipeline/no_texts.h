// Inputs that were read and gave no text: a wrong key or column, another format, a column of nulls. A command that met
// nothing else has failed, and has committed nothing.
#pragma once

#include "document/stats.h"

namespace ftok {

// Whether there are documents and every one was dropped for what the reader found: "text.no_text", "text.bad_json" and
// the other reasons of that name. Texts of another stage (output.start_after) are texts.
bool has_no_texts(const Tally& tally);

// Throws Error where has_no_texts(): with the reasons, and the flags that help.
void refuse_without_texts(const Tally& tally);

}  // namespace ftok
