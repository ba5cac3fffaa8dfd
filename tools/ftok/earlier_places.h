// The folders that --dedup-against names, of which those in an object store are fetched first.
#pragma once

#include <string>
#include <vector>

#include "pipeline/earlier_documents.h"
#include "tools/ftok/job_place.h"

namespace ftok::cli {

class EarlierPlaces {
 public:
  // Of their keys: all, for a run, or what says how many there are and which, for the plan of a job.
  enum class Keys { kWhole, kEnds };
  EarlierPlaces(const std::vector<std::string>& places, Keys keys);

  const std::vector<std::string>& folders() const { return fetched_.paths(); }  // on this machine

  // What the plan of a job knows of the keys, with addresses in place of copies.
  EarlierByCorpus keys_files(const RecipeConfig& recipe) const;

  template <typename Work>
  auto named(Work&& work) const {
    return fetched_.named(work);
  }

 private:
  FetchedPaths fetched_;
};

}  // namespace ftok::cli
