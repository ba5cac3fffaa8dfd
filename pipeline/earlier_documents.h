// The documents of finished runs and jobs, by their keys files: what `ftok dedup clusters` reads, and what the
// documents of another run are compared with (--dedup-against).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pipeline/recipe_config.h"
#include "shards/part.h"

namespace ftok {

// The keys of one part, or, as a job remembers earlier ones, a file of keys.
struct KeysPart {
  std::string path;  // or an address, where a job reads it
  FileStretch stretch = {};
  uint64_t documents = 0;     // of an earlier part: how many it has,
  std::string checksum = {};  // and the bytes that it ends with; of a file of several: its checksum
  uint64_t inputs = 0;        // of a file of a job: parts in it, as many as inputs; 0: it is a part
};

// Those of the run or job in `folder`, in the order of its documents, without their numbers and checksums. Throws Error
// when it holds none.
std::vector<KeysPart> keys_parts(const std::string& folder);

// Documents that precede those of a run, in number and in time.
struct EarlierDocuments {
  std::vector<KeysPart> parts;
  std::vector<uint64_t> ends;  // by part: the number after its last document, counted from 0 through all parts
  std::string digest;          // of their keys and ids; empty: there are none

  uint64_t documents() const { return ends.empty() ? 0 : ends.back(); }
  uint64_t begin(size_t part) const { return part == 0 ? 0 : ends[part - 1]; }
};

// The documents of finished runs and jobs, one folder after the other. Throws UsageError naming a folder that is not
// finished, or whose keys were not made as those of `recipe` are.
// `corpus`: where their documents were routed, those of this corpus alone, of which a folder may have none.
EarlierDocuments earlier_documents(const std::vector<std::string>& folders, const RecipeConfig& recipe,
                                   const std::string& corpus = "");

// The same by files of keys, as an object store keeps them: what a job is planned with. Of jobs in the folders, whose
// keys need not be there, the receipts say what they are.
EarlierDocuments earlier_keys_files(const std::vector<std::string>& folders, const RecipeConfig& recipe,
                                    const std::string& corpus = "");

// Those of folders that have none of the corpus.
EarlierDocuments no_earlier_documents();

// The same as a job remembers them, so that its tasks open no more of the folders than they read: by corpus, "" where
// documents are not routed.
using EarlierByCorpus = std::map<std::string, EarlierDocuments>;
std::string write_earlier_list(const EarlierByCorpus& earlier);
// Throws Error, beginning with `name`, when the text is not what write_earlier_list wrote.
EarlierByCorpus read_earlier_list(const std::string& text, const std::string& name);

}  // namespace ftok
