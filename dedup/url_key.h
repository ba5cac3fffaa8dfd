// The key of a document's URL: documents with one key are versions of one page.
#pragma once

#include <cstdint>
#include <string>

#include "document/document.h"

namespace ftok {

// 64 bits of the XXH3 of the URL, never 0; 0 for a document without one.
//   exact      the URL of the record, byte for byte
//   canonical  the address that the page gives as its canonical one, if it has a host, else that of the record; without
//              the scheme and the fragment, and with the host in lower case
uint64_t url_key(const Document& document, bool canonical);

}  // namespace ftok
