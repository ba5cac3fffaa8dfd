#include "document/named_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"

namespace ftok {
namespace {

std::string refusal(const NamedFields& named) {
  try {
    named.check("own");
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(NamedFields, NamesThatAreRefused) {
  EXPECT_EQ(refusal({{"charm"}, {"topic_2"}, {"Tags"}}), "");
  EXPECT_EQ(refusal({{std::string(64, 'a')}, {}, {}}), "");
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a.b"),
                                  std::string("text"), std::string("reason"), std::string("token_count")}) {
    EXPECT_EQ(refusal({{}, {name}, {}}),
              "own.text_fields: got \"" + name + "\", expected names of letters, digits and _ that no document has");
  }
  EXPECT_EQ(refusal({{"charm"}, {}, {"charm"}}), "own.list_fields: \"charm\" is listed twice");
  EXPECT_EQ(refusal({{"charm", "charm"}, {}, {}}), "own.fields: \"charm\" is listed twice");
}

TEST(NamedFields, OnesOfSeveralSectionsAreOfOneType) {
  NamedFields named{{"charm"}, {"topic"}, {"tags"}};
  named.add({{"charm", "weight"}, {"topic"}, {"more"}});
  EXPECT_EQ(named, (NamedFields{{"charm", "weight"}, {"topic"}, {"tags", "more"}}));
  for (const NamedFields& other : {NamedFields{{"topic"}, {}, {}}, NamedFields{{"tags"}, {}, {}},
                                   NamedFields{{}, {"tags"}, {}}, NamedFields{{}, {}, {"charm"}}}) {
    NamedFields copy = named;
    EXPECT_THROW(copy.add(other), UsageError);
  }
}

}  // namespace
}  // namespace ftok
