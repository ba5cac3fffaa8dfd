// Tally: what became of every record. One a thread or input, summed at the end; the sums do not depend on the order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "document/stage.h"

namespace ftok {

// Invariants, asserted by holds(): records = documents + sum of skipped; documents = kept + sums of dropped and routed.
struct Tally {
  uint64_t records = 0;
  uint64_t documents = 0;
  uint64_t kept = 0;
  uint64_t bytes_in = 0;                    // stored bytes read
  uint64_t tokens = 0;                      // of kept documents, end-of-text not counted
  uint64_t text_bytes = 0;                  // of kept documents, UTF-8
  uint64_t damage = 0;                      // damaged places between records
  uint64_t replacements = 0;                // U+FFFD put in by charset decoding, all documents
  uint64_t specials_as_text = 0;            // special tokens' texts met inside kept documents
  std::map<std::string, uint64_t> skipped;  // kind -> records
  std::map<std::string, uint64_t> dropped;  // "stage.rule" -> documents
  std::map<std::string, uint64_t>
      languages_dropped;                           // best label -> documents dropped for their language ("?": no label)
  std::map<std::string, uint64_t> languages_kept;  // best label -> kept documents, of those that have one
  // What is said of documents beside their verdict -> documents, kept or not: "mojibake" (repaired), "license.footer"
  // and the like (Document::license_source), and the labels that stages gave them ("rights_noai", "url_optout").
  std::map<std::string, uint64_t> labelled;
  std::map<std::string, uint64_t> routed;  // corpus -> documents that are counted on in the corpus's own tally

  // Counts one record under its final verdict.
  void count(const Verdict& verdict);
  // Counts what else is known of a document, in `replacements` and `labelled`.
  void note(const Document& document);
  // Counts the labels among a document's scores; those that were read back from a file are none.
  void note_labels(const std::vector<NamedScore>& scores);
  // Counts a document that was counted as kept under the verdict of a later step that did not keep it.
  void drop_kept(const Verdict& verdict);
  void add(const Tally& other);
  // Takes in what became of the documents that were routed to a corpus.
  void take_in(const std::string& corpus, const Tally& of_corpus);
  bool holds() const;

  // Fields of the funnel, in a stable order, into an open JSON object.
  void write_fields(JsonWriter& json) const;
};

// Reads what write_fields wrote; a text that is not such an object gives the Damage.
Result<Tally> parse_tally(std::string_view json_object);

}  // namespace ftok
