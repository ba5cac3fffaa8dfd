// Stages of the user's own, in any language: "subprocess" feeds documents to a command and takes its answers,
// "python" to a function of a Python file. docs/extending.md has the protocol.
//
// Reasons: subprocess.NAME (python.NAME) as the worker names them; subprocess.none where it makes no document of one.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/options.h"
#include "document/stage_kind.h"

namespace ftok {

// What the two kinds have in common.
struct WorkerOptions {
  std::vector<std::string> accepts;  // media types of payloads; empty: texts
  std::string format = "jsonl";      // or "arrow"
  NamedFields fields;                // that answers may hold
  const NamedFields& named_fields() const { return fields; }
  int64_t batch = 32;                            // documents, at most
  int64_t workers = 0;                           // 0: as many as threads have a batch at a time
  int64_t tries = 3;                             // of a batch whose worker dies
  int64_t timeout_s = 600;                       // without a byte from or to the worker
  int64_t answer_bytes_max = int64_t{64} << 20;  // of a batch
  std::string store;                             // folder of answers by digest; "": none

  void visit(OptionVisitor& visitor);
  void keep_content();
  unsigned more_needs() const { return accepts.empty() ? kText : kPayload; }
};

struct SubprocessOptions : WorkerOptions {
  std::vector<std::string> command;  // the program and its arguments

  void visit(OptionVisitor& visitor);
  bool idle() const { return command.empty(); }
};

struct PythonOptions : WorkerOptions {
  std::string file;                  // of Python
  std::string function = "process";  // in it
  std::string python = "python3";    // the interpreter

  void visit(OptionVisitor& visitor);
  bool idle() const { return file.empty(); }
  void keep_content();
};

std::span<const StageKind> subprocess_stages();

}  // namespace ftok
