// The subset of Jinja that chat templates use: each construct, each bound, and who wrote what comes out.
#include <gtest/gtest.h>

#include <string>

#include "tokenizer/jinja/interpreter.h"

namespace ftok::jinja {
namespace {

Value text_value(std::string_view text, Writer writer = 1) { return Value::text(text, writer); }

Value list_value(std::vector<Value> items) {
  List list;
  for (const Value& item : items) {
    list.depth = std::max(list.depth, depth_of(item) + 1);
    list.weight += weight_of(item);
  }
  list.items = std::move(items);
  return {std::make_shared<const List>(std::move(list))};
}

Value dict_value(std::vector<std::pair<Value, Value>> items) {
  Dict dict;
  for (const auto& [key, value] : items) dict.depth = std::max(dict.depth, depth_of(value) + 1);
  dict.items = std::move(items);
  return {std::make_shared<const Dict>(std::move(dict))};
}

RenderInput sample_input() {
  RenderInput input;
  input.variables = {
      {"s", text_value(" Hello wörld ")},
      {"n", Value{int64_t{7}}},
      {"l", list_value({Value{int64_t{3}}, Value{int64_t{1}}, Value{int64_t{2}}})},
      {"d", dict_value({{text_value("a"), Value{int64_t{1}}}, {text_value("b"), text_value("x\"<\n")}})},
      {"messages",
       list_value({dict_value({{text_value("role"), text_value("system")}, {text_value("content"), text_value("S")}}),
                   dict_value({{text_value("role"), text_value("user")}, {text_value("content"), text_value("U")}})})},
      {"nothing", Value::none()},
      {"yes", Value{true}},
  };
  input.now = [] {
    std::tm day{};
    day.tm_year = 124, day.tm_mon = 6, day.tm_mday = 26;
    return day;
  };
  return input;
}

std::string rendered(std::string_view source, const RenderInput& input = sample_input()) {
  try {
    const Rendering made = render(*parse_jinja(source), input);
    EXPECT_EQ(made.text.bytes.size(), made.text.writers.size()) << source;
    return made.text.bytes;
  } catch (const Failure& failure) {
    return "line " + std::to_string(failure.line) + ": " + failure.what;
  }
}

struct Case {
  const char *source, *result;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& one : cases) EXPECT_EQ(rendered(one.source), one.result) << one.source;
}

TEST(Jinja, WhiteSpaceIsTrimmedAsTransformersSetsIt) {
  expect_all({
      {"a\n", "a"},
      {"a\n\n", "a\n"},
      {"{% if true %}\nx\n{% endif %}\ny", "x\ny"},
      {"  {% if true %}x{% endif %}", "x"},
      {"a  {% if true %}x{% endif %}", "a  x"},
      {"  {{ 1 }}", "  1"},
      {"  {%+ if true %}x{% endif %}", "  x"},
      {"a \n {%- if true -%} \n x {%- endif -%} \n y", "axy"},
      {"{% if true +%}\nx{% endif %}", "\nx"},
      {"a {#- no -#} b", "ab"},
      {"{# no #}\nb", "b"},
      {"{{ 1 }}\n{{ 2 }}", "1\n2"},
      {"{{- 1 -}}  \n b", "1b"},
      {"{{ 1 }} {% if true %}x{% endif %}", "1 x"},
      {"a\r\nb\rc", "a\nb\nc"},
      {"{% raw %}{{ x }}{% endraw %}!", "{{ x }}!"},
      {"a {%- raw -%}  {% x {%- endraw -%}  b", "a{% xb"},
      {"{{ {'a': {'b': 1}}['a']['b'] }}", "1"},
  });
}

TEST(Jinja, Expressions) {
  expect_all({
      {"{{ 1 + 2 * 3 - 4 / 2 }}", "5.0"},
      {"{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 10 }}", "3 -4 2 1024"},
      {"{{ 'a' ~ 1 ~ none ~ true ~ 1.5 }}", "a1NoneTrue1.5"},
      {"{{ 'a' + 'b' * 3 }}", "abbb"},
      {"{{ [1, 'a', none, true, 2.0] }} {{ (1,) }} {{ {'a': 1} }}", "[1, 'a', None, True, 2.0] (1,) {'a': 1}"},
      {"{{ 1 < 2 < 3 }} {{ 1 == 1.0 }} {{ 'a' != 'b' }} {{ 1 >= 2 }}", "True True True False"},
      {"{{ 'ell' in s }} {{ 9 in l }} {{ 'a' in d }} {{ 2 not in l }}", "True False True False"},
      {"{{ '' or 'x' }} {{ 'a' and 'b' }} {{ not yes }}", "x b False"},
      {"{{ 'a' if n > 5 else 'b' }}{{ 'c' if n > 9 }}", "a"},
      {"{{ l[0] }}{{ l[-1] }}{{ l[1:] }}{{ l[::-1] }}{{ l[:-1] }}", "32[1, 2][2, 1, 3][3, 1]"},
      {"{{ s[1:6] }}|{{ s[8] }}|{{ s[-2::-1] }}|{{ s[99:] }}", "Hello|ö|dlröw olleH |"},
      {"{{ d.a }}{{ d['a'] }}{{ messages[0].role }}{{ messages[0]['content'] }}", "11systemS"},
      {"{{ d.none }}{{ d['none'] }}{{ l[9] }}{{ unknown }}", ""},
      {"{{ 'a' 'b' }}{{ \"\\n\\x41\\u00e9\\q\" }}", "ab\nAé\\q"},
      {"{{ 1e3 }} {{ 1.0 / 3 }} {{ 1e16 }} {{ 1e-5 }} {{ 123456.5 }}",
       "1000.0 0.3333333333333333 1e+16 1e-05 123456.5"},
      {"{{ -2 | abs }} {{ - 2 + 5 }} {{ +n }}", "2 3 7"},
      {"{{ n is defined and x is not defined }} {{ none is none }}", "True True"},
  });
}

TEST(Jinja, Statements) {
  expect_all({
      {"{% for m in messages %}{{ loop.index }}{{ m.role }}{{ loop.last }};{% endfor %}", "1systemFalse;2userTrue;"},
      {"{% for x in [] %}a{% else %}none{% endfor %}", "none"},
      {"{% for x in l if x > 1 %}{{ x }}{{ loop.length }}{{ loop.revindex }} {% endfor %}", "322 221 "},
      {"{% for k, v in d.items() %}{{ k }}{% endfor %}", "ab"},
      {"{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "32"},
      {"{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}", "3"},
      {"{% for x in l %}{{ loop.previtem }}-{{ loop.nextitem }} {% endfor %}", "-1 3-2 1- "},
      {"{% for x in l %}{{ loop.cycle('a', 'b') }}{{ loop.changed(x > 1) }}{% endfor %}", "aTruebTrueaTrue"},
      {"{% set x = 1 %}{% for i in l %}{{ x }}{% set x = 2 %}{% endfor %}{{ x }}", "1111"},
      {"{% set ns = namespace(x=1) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "7"},
      {"{% set a, b = 1, 2 %}{{ b }}{{ a }}", "21"},
      {"{% set x %}a{{ n }}{% endset %}{{ x }}{% set y | upper %}b{% endset %}{{ y }}", "a7B"},
      {"{% if n == 1 %}a{% elif n == 7 %}b{% else %}c{% endif %}", "b"},
      {"{% macro m(a, b='x') %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}{{ m(b=3, a=4) }}",
       "[1x][12][43]"},
      {"{% macro f(k) %}{% if k %}{{ k }}{{ f(k - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "321"},
      {"{% filter upper %}ab{{ n }}{% endfilter %}", "AB7"},
      {"a{% generation %}b{% endgeneration %}c", "abc"},
  });
  const Rendering made = render(*parse_jinja("a{% generation %}bc{% endgeneration %}d"), sample_input());
  ASSERT_EQ(made.generated.size(), 1u);
  EXPECT_EQ(made.generated[0].begin, 1u);
  EXPECT_EQ(made.generated[0].end, 3u);
}

TEST(Jinja, FiltersAndMethods) {
  expect_all({
      {"{{ s | trim }}|{{ s.strip() }}|{{ s.lstrip() }}|{{ s.rstrip() }}|{{ 'xax'.strip('x') }}",
       "Hello wörld|Hello wörld|Hello wörld | Hello wörld|a"},
      {"{{ s | length }} {{ l | length }} {{ d | count }} {{ x | length }}", "13 3 2 0"},
      {"{{ 'ΟΔΟΣ ΣΑ' | lower }}{{ 'Σ' | lower }}", "οδος σασ"},
      {"{{ s | upper }}{{ s.lower() }}{{ 'ab cd' | title }}{{ 'aB' | capitalize }}{{ 'ß'.upper() }}",
       " HELLO WÖRLD  hello wörld Ab CdAbSS"},
      {"{{ l | first }}{{ l | last }}{{ l | join(',') }}{{ messages | join('+', attribute='role') }}",
       "323,1,2system+user"},
      {"{{ x | default('y') }}{{ '' | default('z', true) }}{{ '' | d('z') }}", "yz"},
      {"{{ d | tojson }}", "{\"a\": 1, \"b\": \"x\\\"<\\n\"}"},
      {"{{ [1, {'k': none}] | tojson(indent=2) }}", "[\n  1,\n  {\n    \"k\": null\n  }\n]"},
      {"{{ 'é' | tojson(ensure_ascii=true) }}{{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }}",
       "\"\\u00e9\"{\"a\": 2, \"b\": 1}"},
      {"{{ '12' | int + 1 }} {{ 'x' | int }} {{ '1.9' | int }} {{ '1.5' | float }} {{ 3 | string }}", "13 0 1 1.5 3"},
      {"{{ messages | selectattr('role', 'equalto', 'user') | list | length }}", "1"},
      {"{{ messages | rejectattr('role', '==', 'user') | map(attribute='content') | join }}", "S"},
      {"{{ l | map('string') | join('') }}{{ l | select('odd') | list }}{{ l | reject('>', 2) | list }}",
       "312[3, 1][1, 2]"},
      {"{{ 'aXbX' | replace('X', '-') }}{{ 'aXbX'.replace('X', '-', 1) }}{{ 'ab'.replace('', '.') }}", "a-b-a-bX.a.b."},
      {"{{ nothing | map('upper') | list }}{{ nothing | selectattr('a') | list }}", "[][]"},
      {"{{ l | sort }}{{ l | reverse | list }}{{ l | sum }}{{ l | max }}{{ l | min }}", "[1, 2, 3][2, 1, 3]631"},
      {"{{ ['b', 'A', 'a'] | sort }}{{ ['b', 'B'] | unique | list }}{{ d | dictsort }}",
       "['A', 'a', 'b']['b'][('a', 1), ('b', 'x\"<\\n')]"},
      {"{{ 'a\nb\n\nc' | indent(2) }}", "a\n  b\n\n  c"},
      {"{{ 'a,b,c'.split(',') }}{{ ' a  b '.split() }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.rsplit(',', 1)[-1] }}",
       "['a', 'b', 'c']['a', 'b']['a', 'b,c']c"},
      {"{{ s.startswith(' H') }}{{ 'abc'.endswith(('x', 'c')) }}{{ 'abc'.find('c') }}{{ 'aba'.count('a') }}",
       "TrueTrue22"},
      {"{{ '-'.join(['a', 'b']) }}{{ 'a\nb'.splitlines() }}{{ 'abc'.removeprefix('a') }}", "a-b['a', 'b']bc"},
      {"{{ d.get('a') }}{{ d.get('z') }}{{ d.get('z', 0) }}{{ d.keys() | list }}{{ d | items | first }}",
       "1None0['a', 'b']('a', 1)"},
      {"{{ range(3) | list }}{{ range(5, 1, -2) | list }}{{ dict(a=1).a }}", "[0, 1, 2][5, 3]1"},
      {"{{ strftime_now('%d %b %Y') }}", "26 Jul 2024"},
  });
}

TEST(Jinja, Tests) {
  expect_all({
      {"{{ s is string }}{{ d is mapping }}{{ l is iterable }}{{ s is iterable }}{{ n is iterable }}",
       "TrueTrueTrueTrueFalse"},
      {"{{ n is number }}{{ n is integer }}{{ 1.5 is float }}{{ yes is boolean }}{{ yes is true }}{{ yes is integer }}",
       "TrueTrueTrueTrueTrueFalse"},
      {"{{ n is odd }}{{ n is even }}{{ n is divisibleby 7 }}{{ n is eq 7 }}{{ n is gt(6) }}{{ n is in l }}",
       "TrueFalseTrueTrueTrueFalse"},
      {"{{ nothing is none }}{{ nothing is not none }}{{ x is undefined }}{{ x is not string }}", "TrueFalseTrueTrue"},
      {"{{ l is sequence }}{{ yes is sameas true }}{{ 'A' is upper }}{{ 'a' is lower }}", "TrueTrueTrueTrue"},
  });
}

TEST(Jinja, SaysWhatIsWrongAndWhere) {
  expect_all({
      {"a\n{% for %}", "line 2: expected a name to assign to, found %}"},
      {"{% for x in l %}", "line 1: {% for %} without {% endfor %}"},
      {"{% if yes %}\n\n{% endfor %}", "line 3: {% if %} without {% endif %}"},
      {"{% endif %}", "line 1: {% endif %} closes nothing"},
      {"{{ 1 +", "line 1: a tag without its end, }}"},
      {"{{ 1 + }}", "line 1: expected an expression, found }}"},
      {"{{ 'a }}", "line 1: a string without its end"},
      {"{# a", "line 1: a comment without its end, #}"},
      {"{% raw %}x", "line 1: {% raw %} without {% endraw %}"},
      {"{{ (1] }}", "line 1: a ] that closes nothing"},
      {"{{ 1 ? 2 }}", "line 1: a character in a tag that cannot stand there: byte 0x3f"},
      {"\n{% include 'x' %}", "line 2: the tag {% include %} is not supported"},
      {"{% break %}", "line 1: {% break %} outside a for"},
      {"\n{{ s | wordwrap(3) }}", "line 2: the filter wordwrap is not supported"},
      {"{{ s is matching }}", "line 1: the test matching is not supported"},
      {"{{ s.zfill(3) }}", "line 1: the method zfill of strings is not supported"},
      {"{{ lipsum() }}", "line 1: the function lipsum is not supported"},
      {"{{ none_such(1) }}", "line 1: none_such is not defined, or not supported, and cannot be called"},
      {"{{ l.append(1) }}", "line 1: lists cannot be changed: .append"},
      {"{{ '%s' % n }}", "line 1: % behind a string is not supported"},
      {"\n\n{{ raise_exception('no ' ~ messages[0].role) }}",
       "line 3: the template refuses the conversation: no system"},
      {"{{ x.y }}", "line 1: cannot take .y of x, which is undefined"},
      {"{{ x + 'a' }}", "line 1: cannot compute + of x, which is undefined"},
      {"{{ 'a' + 1 }}", "line 1: cannot compute + of a string and a number"},
      {"{{ 1 // 0 }}", "line 1: a division by zero"},
      {"{{ 'a' < 1 }}", "line 1: cannot compare a string with a number"},
      {"{% for x in n %}{% endfor %}", "line 1: cannot go through a number"},
      {"{% set s.x = 1 %}", "line 1: cannot set .x of a string"},
      {"{% set a, b = [1] %}", "line 1: 1 values for 2 names"},
      {"{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "line 1: the macro m takes 1 arguments, got 2"},
      {"{{ s | trim(side='l') }}", "line 1: trim: the argument side is not supported"},
      {"{{ x | int }}", "line 1: there is no number in x, which is undefined"},
      {"{{ n[1:] }}", "line 1: cannot take a slice of a number"},
      {"{{ l in d }}", "line 1: not to be looked up: a list"},
      {"{{ x | tojson }}", "line 1: tojson cannot write undefined"},
      {"{% set ns = namespace() %}{% set ns.a = ns %}", "line 1: a namespace cannot hold a namespace"},
      {"{{ [namespace()] }}", "line 1: a list cannot hold a namespace"},
      {"{{ 9223372036854775807 + 1 }}", "line 1: a whole number beyond 64 bits"},
      {"{{ 9223372036854775808 }}", "line 1: the number 9223372036854775808 is too large"},
  });
}

// Each bound from both sides.
TEST(Jinja, EveryCostIsBounded) {
  RenderInput input = sample_input();
  input.limits.text_bytes = 10;
  EXPECT_EQ(rendered("{{ 'a' * 10 }}", input), "aaaaaaaaaa");
  EXPECT_EQ(rendered("{{ 'a' * 11 }}", input), "line 1: a text of more than 10 bytes");
  EXPECT_EQ(rendered("{{ 'a' * 9223372036854775807 }}", input), "line 1: a text of more than 10 bytes");
  EXPECT_EQ(rendered("{% for x in range(10) %}a{% endfor %}", input), "aaaaaaaaaa");
  EXPECT_EQ(rendered("{% for x in range(11) %}a{% endfor %}", input), "line 1: a text of more than 10 bytes");
  input = sample_input();
  input.limits.steps = 5;
  EXPECT_EQ(rendered("{{ 1 }}{{ 2 }}", input), "12");
  EXPECT_EQ(rendered("{{ 1 }}{{ 2 }}{{ 3 }}", input), "line 1: it takes more than 5 steps");
  input = sample_input();
  input.limits.depth = 5;
  EXPECT_EQ(rendered("{{ not not yes }}", input), "True");
  EXPECT_EQ(rendered("{{ not not not yes }}", input),
            "line 1: more than 5 expressions, blocks and macros in one another");
  EXPECT_EQ(rendered("{{ range(100000) | length }}"), "100000");
  EXPECT_EQ(rendered("{{ range(100001) | length }}"), "line 1: range of more than 100000 numbers");
  const auto nested = [](int depth) {
    return "{{ " + std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']') + " }}";
  };
  EXPECT_EQ(rendered(nested(64)).size(), 128u);
  EXPECT_EQ(rendered(nested(65)), "line 1: more than 64 lists and dicts in one another");
  constexpr int kBracketsMax = 198, kTermsMax = 398;  // the template and its output are two more
  const auto brackets = [](int depth) {
    return "{{ " + std::string(static_cast<size_t>(depth), '(') + "1" + std::string(static_cast<size_t>(depth), ')') +
           " }}";
  };
  EXPECT_EQ(rendered(brackets(kBracketsMax)), "1");
  EXPECT_EQ(rendered(brackets(kBracketsMax + 1)), "line 1: more than 200 expressions or blocks in one another");
  const auto sum = [](int terms) {
    std::string source = "{{ 1";
    for (int i = 1; i < terms; ++i) source += "+1";
    return source + " }}";
  };
  EXPECT_EQ(rendered(sum(kTermsMax)), std::to_string(kTermsMax));
  EXPECT_EQ(rendered(sum(kTermsMax + 1)), "line 1: more than 400 expressions or blocks in one another");
  EXPECT_EQ(rendered("{{ '" + std::string(256, 'a') + "' | length }}{{ strftime_now('" + std::string(256, 'a') +
                     "') | length }}"),
            "256256");
  EXPECT_EQ(rendered("{{ strftime_now('" + std::string(257, 'a') + "') }}"),
            "line 1: strftime_now with a form of more than 256 bytes");
}

// What would take a machine down ends with one line.
TEST(Jinja, HostileTemplatesEnd) {
  expect_all({
      {"{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
       "line 1: a text of more than 16777216 bytes"},
      {"{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}",
       "line 1: a list that is too large"},
      {"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
       "line 1: more than 600 expressions, blocks and macros in one another"},
      {"{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
       "line 1: it takes more than 10000000 steps"},
      {"{% set ns = namespace(x='a' * 1000000) %}{% for i in range(1000) %}{{ ns.x.find(ns.x) }}{% endfor %}",
       "line 1: it takes more than 10000000 steps"},
      {"{{ [0] * 100000000000 }}", "line 1: it takes more than 10000000 steps"},
      {"{{ 2 ** 64 }}", "line 1: a whole number beyond 64 bits"},
  });
}

std::string writers_of(std::string_view source, const RenderInput& input) {
  std::string digits;
  for (const Writer writer : render(*parse_jinja(source), input).text.writers)
    digits += static_cast<char>('0' + writer);
  return digits;
}

TEST(Jinja, EveryByteKnowsItsWriter) {
  RenderInput input;
  input.variables = {{"a", text_value(" xy ", 1)}, {"b", text_value("12", 2)}};
  const std::initializer_list<Case> cases = {
      {"<{{ a }}>", "011110"},
      {"{{ a | trim ~ '-' ~ b }}", "11022"},
      {"{{ (a + '|' + b)[3:6] }}", "102"},
      {"{{ a | upper }}{{ 'é' | upper }}", "111100"},
      {"{{ 'a-b' | replace('-', b) }}{{ b | replace('1', '-') }}{{ a.replace('x', b) }}", "02200212211"},
      {"{{ 'p q'.split(' ') | join(b) }}{{ b.split('1')[1] }}",
       "022"
       "0"
       "2"},
      {"{{ [b] }}", "002200"},
      {"{{ {'k': b} | tojson }}",
       "000000"
       "0220"
       "0"},
      {"{{ b | int + 1 }}{{ b | length }}", "220"},
      {"{% set x %}<{{ a }}{% endset %}{{ x | trim }}", "0111"},
      {"{% macro m(t) %}<{{ t }}>{% endmacro %}{{ m(b) }}", "0220"},
      {"{% set ns = namespace(t='') %}{% for c in b %}{% set ns.t = c ~ '.' ~ ns.t %}{% endfor %}{{ ns.t }}", "2020"},
      {"{% filter replace('-', '+') %}{{ b }}-{% endfilter %}", "220"},
      {"{{ b * 2 }}{{ [b, 'x'] | first }}{{ b[::-1] }}{{ a.strip() | title }}",
       "2222"
       "22"
       "22"
       "11"},
      {"{{ 'x\ny' | indent(b) }}", "00220"},
  };
  for (const Case& one : cases) EXPECT_EQ(writers_of(one.source, input), one.result) << one.source;
}

}  // namespace
}  // namespace ftok::jinja
