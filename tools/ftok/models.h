// Published models, vocabularies and lists that ftok uses but does not ship: where they come from, what they must be,
// and where they lie once fetched: $FTOK_CACHE/models, else $XDG_CACHE_HOME/ftok/models, else ~/.cache/ftok/models.
//
// A file whose SHA-256 is pinned here is stored only when it matches. The digest of any other is recorded beside it
// when it is first fetched (FILE.sha256, the format of sha256sum), and must stay the same until --refresh.
#pragma once

#include <string>
#include <vector>

#include "core/log.h"
#include "crawl/fetch.h"

namespace ftok::cli {

struct PublishedFile {
  std::string name;  // below the model's folder
  std::string url;
  std::string sha256;  // "": not pinned
};

struct Model {
  std::string name;
  std::string what;  // one line
  std::string licence;
  std::vector<PublishedFile> files;
  std::string entry;      // what find_model() returns, below the cache's models/
  bool unpacked = false;  // the files are UT1's .tar.gz, unpacked into a folder a category; `entry` is their folder
};

// Whether it is a vocabulary (ranks, or merges), and not another kind of model.
bool is_vocabulary(const Model& model);

// All that have a name, sorted.
const std::vector<Model>& known_models();

// The model of that name, also "ut1/CATEGORY" for one UT1 category; throws UsageError naming the nearest.
Model model_named(const std::string& name);

// The folder of fetched models; throws Error when the environment names none.
std::string model_folder();

// $FTOK_CACHE, else $XDG_CACHE_HOME/ftok, else ~/.cache/ftok. Throws Error when none is set.
std::string cache_folder();

// Where a fetched model lies, "" when it has not been fetched whole.
std::string cached_model(const Model& model);

// Where the fetched model of that name lies; "" when it was not fetched or nothing has that name.
std::string fetched_model(const std::string& name);

// The path of a model, vocabulary or list as a user names it: an existing path stands for itself; then a bundled file
// of that name; then a fetched model. Throws Error that says which command fetches it, or which names there are.
std::string find_model(const std::string& name_or_path);

struct GetModelOptions {
  std::string from;      // a file, a folder with the model's files, or a URL, instead of the official one
  bool refresh = false;  // fetch again, and take a changed digest where none is pinned
  FetchOptions fetch;
};

// Fetches the model when it is missing, and returns its path. Throws Error when it cannot be fetched or verified; then
// nothing of it is stored.
std::string get_model(const Model& model, const GetModelOptions& options, const Log& log);

// Writes the lists of a UT1 archive (tar, decoded): every CATEGORY/domains and CATEGORY/urls in it below `folder`.
// Returns how many; throws Error naming `name` when it is not a tar archive, is cut, or holds none.
size_t unpack_ut1(std::string_view tar, const std::string& folder, const std::string& name);

}  // namespace ftok::cli
