# baton: one Makefile, one build tree per flavour. `make help` lists what there is to make.
VERSION := $(shell awk '/define BATON_VERSION_(MAJOR|MINOR|PATCH)/ { printf "%s%s", dot, $$3; dot = "." }' engine/api/baton/version.h)
PREFIX  ?= /usr/local
FLAVOUR ?= release
BUILD   := build/$(FLAVOUR)
LINKED  := libcjson libpcre2-8 yaml-0.1 libxxhash zlib
PKGS    := libcurl $(LINKED)
# libcurl is loaded when a live provider is first asked: linked, it would cost every start some 4 ms and 30 libraries.

WARN  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
         -Wmissing-prototypes -Wformat=2 -Wvla -Wundef -Werror
FLAGS  = -std=c11 -D_GNU_SOURCE -DBATON_VERSION='"$(VERSION)"' -I. -Iengine/api -Ievals/api -pthread -fPIC -fvisibility=hidden \
         -ffp-contract=off $(WARN) $(PKG_CFLAGS)
# One set of objects is for the program, libbaton.a and libbaton.so: with hidden symbols -fPIC costs the program nothing.

SANITISE       := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CFLAGS_clang   := $(CFLAGS_release)
CFLAGS_asan    := $(SANITISE) -fsanitize=address,undefined -DBATON_ARENA_SEPARATE=1
CFLAGS_tsan    := $(SANITISE) -fsanitize=thread
CFLAGS_fuzz    := $(SANITISE) -fsanitize=fuzzer-no-link,address,undefined -DBATON_ARENA_SEPARATE=1
CFLAGS_cover   := -O0 -g --coverage
ifeq ($(CFLAGS_$(FLAVOUR)),)
$(error FLAVOUR is '$(FLAVOUR)', but must be one of: release asan tsan cover clang)
endif
ifneq ($(filter clang fuzz,$(FLAVOUR)),)
CC := $(shell command -v clang-14 || echo clang)
endif

FOLDERS := $(patsubst %/,%,$(foreach room,engine sim reports evals,$(room)/ $(wildcard $(room)/*/)))
FOLDERS := $(filter-out %/tests %/fuzz %/bench %/examples,$(FOLDERS))
SRC   := $(filter-out evals/cli/main.c,$(wildcard $(FOLDERS:%=%/*.c)))
TEST  := $(wildcard */tests/*.c)
FUZZ  := $(wildcard */fuzz/fuzz_*.c)
BENCH := $(wildcard evals/bench/*.c)
PEERS := $(wildcard engine/tests/peers/*.c)
THREADS := $(wildcard engine/tests/threads/*.c)
PAGES := $(wildcard reports/tests/browser/*.c)
PAGE  := $(BUILD)/reports/html/css.o $(BUILD)/reports/html/js.o
CLI   := $(patsubst %.c,$(BUILD)/%.o,$(filter evals/cli/%,$(SRC)))
OBJ   := $(patsubst %.c,$(BUILD)/%.o,$(filter-out evals/cli/%,$(SRC))) $(PAGE)
API   := $(wildcard engine/api/baton/*.h evals/api/baton/*.h)
SONAME := libbaton.so.0
LIBRARY := $(BUILD)/libbaton.a $(BUILD)/$(SONAME)
ALL_OBJ := $(OBJ) $(CLI) $(patsubst %.c,$(BUILD)/%.o,evals/cli/main.c $(TEST) $(FUZZ) $(BENCH) $(PEERS) $(THREADS) $(PAGES))

# Looked up when first needed and then kept, as `make demo` on a fresh machine reads this file before it installs them.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(call packages,--cflags,$$(PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(call packages,--libs,$$(LINKED)))$(PKG_LIBS)
packages   = $(if $(shell { command -v $(firstword $(CC)) && pkg-config --exists $(PKGS); } >/dev/null 2>&1 && echo y),\
$(shell pkg-config $1 $2),\
$(error compiler or libraries are missing: run 'make demo', which installs them, or .ci/packages build))

NPROC  := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
SUB    = --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(NPROC))
# The sanitisers of gcc 12 and clang 14 lose their way where a kernel places memory very randomly.
STEADY = $(if $(filter asan tsan fuzz,$(FLAVOUR)),$(shell setarch -R true 2>/dev/null && echo setarch -R))
Q      := $(if $(V),,@)

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.PHONY: all demo test check-asan check-tsan check-install check-builds check-peers check-browser pictures mutants lint fuzz bench golden \
        install uninstall clean help objects flags run-tests run-tsan run-peers run-browser run-fuzz run-bench $(FUZZ:.c=.run)

all: $(BUILD)/baton $(LIBRARY)  ## the program and the library; FLAVOUR=release|asan|tsan|cover|clang V=1
	@:

demo:        ## install what is missing, build, and replay the sample suites; no network, no key
	@.ci/packages build
	@$(MAKE) $(SUB) all
	@for suite in support tau_airline mwoz; do \
	    printf '\n$$ baton eval %s\n' fixtures/suites/$$suite.yaml; \
	    $(BUILD)/baton eval fixtures/suites/$$suite.yaml || exit; \
	done

test:        ## install what is missing, build, and run the tests; TESTFLAGS='--filter json/*' picks some
	@.ci/packages build test
	@$(MAKE) $(SUB) run-tests

run-tests: $(BUILD)/baton $(BUILD)/baton-tests
	@$(call run_tests,baton-tests,-j$(NPROC) --timeout 60)

# Criterion says nothing of tests that skipped themselves; its TAP does, where a reason tells them from those that the filter
# did not choose.
define run_tests
	$(info BATON=$(BUILD)/baton $(STEADY) $(BUILD)/$1 $2 --short-filename $(TESTFLAGS))status=0; \
	BATON=$(BUILD)/baton $(STEADY) $(BUILD)/$1 $2 --short-filename --tap=$(BUILD)/$1.tap $(TESTFLAGS) || status=$$?; \
	awk -F' +# SKIP ' '/ # SKIP / && $$2 != "test was skipped" { sub(/^.* - /, "", $$1); print "skipped: " $$1 ": " $$2; count++ } \
	    END { print count + 0 " tests skipped" }' $(BUILD)/$1.tap; exit $$status
endef

# A leak alone does not fail a Criterion test, so what the sanitisers find goes to files, and any word there is a failure. (But
# not that a thread which was just joined had no registers any more when the leak checker looked.)
check-asan: export ASAN_OPTIONS = log_path=$(CURDIR)/build/asan/san:detect_stack_use_after_return=1
check-asan: export UBSAN_OPTIONS = abort_on_error=1:print_stacktrace=1
check-asan:  ## the tests under ASan and UBSan, leaks counted
	@rm -f build/asan/san.*
	@status=0; $(MAKE) $(SUB) FLAVOUR=asan test || status=$$?; \
	if cat build/asan/san.* 2>/dev/null | grep -v 'Unable to get registers from thread'; then echo 'check-asan: the sanitisers found the above'; status=1; fi; \
	exit $$status

# Criterion cannot run under TSan; the program can. A gate that fails (1) is no race; all else but 0 is a failure.
check-tsan: export TSAN_OPTIONS = halt_on_error=1:second_deadlock_stack=1
check-tsan:  ## every suite, and live calls, with 4 threads under TSan
	@.ci/packages build
	@$(MAKE) $(SUB) FLAVOUR=tsan run-tsan

SUITES := $(sort $(wildcard fixtures/suites/*.yaml))
run-tsan: $(BUILD)/baton $(BUILD)/baton-threads
	@$(STEADY) $(BUILD)/baton-threads
	@failed=0; for suite in $(or $(SUITES),$(error no fixtures/suites/*.yaml to run)); do \
	    status=0; $(STEADY) $< eval $$suite -j4 >$(BUILD)/out 2>&1 || status=$$?; \
	    if [ $$status -le 1 ]; then echo "$$suite: no race"; continue; fi; \
	    cat $(BUILD)/out; echo "$$suite: exit code $$status, see above"; failed=1; \
	done; exit $$failed

check-builds: ## gcc, clang and the sanitised build give the same bytes over all suites, on one thread and on four
	@.ci/packages build lint
	@for flavour in release clang asan; do $(MAKE) $(SUB) FLAVOUR=$$flavour all || exit; done
	@.ci/builds release clang asan

check-peers: ## live providers against an independent mock server; needs node and npm
	@.ci/packages build
	@$(MAKE) $(SUB) run-peers

run-peers: $(BUILD)/baton-peers
	@.ci/peers $<

check-browser: ## the HTML report in a headless Chromium
	@.ci/packages build test
	@.ci/packages browser || [ -z "$$CI" ]
	@$(MAKE) $(SUB) run-browser

run-browser: $(BUILD)/baton $(BUILD)/baton-browser
	@$(call run_tests,baton-browser,-j1 --timeout 120)

pictures:    ## take the pictures of reports/docs anew
	@BATON_PICTURES=write $(MAKE) $(SUB) check-browser TESTFLAGS='--filter page/has_its_picture_taken'

mutants:     ## break the program in one line at a time; MUTANTS='judge.c tally.c' picks some. Takes half an hour
	@.ci/packages build test
	@.ci/mutants $(MUTANTS)

lint:        ## format, analysis, folders, circles, what nothing uses, headers alone, banned calls
	@.ci/packages build test lint
	@.ci/lint

FUZZ_SECONDS ?= 30
fuzz:        ## each fuzzer for FUZZ_SECONDS (default 30)
	@.ci/packages build lint
	@$(MAKE) $(SUB) -k FLAVOUR=fuzz run-fuzz

run-fuzz: $(FUZZ:.c=.run)
$(FUZZ:.c=.run): NAME = $(patsubst fuzz_%,%,$(*F))
$(FUZZ:.c=.run): %.run: $(BUILD)/%
	@mkdir -p $(BUILD)/corpus/$(NAME)
	@$(STEADY) $< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 -artifact_prefix=$(BUILD)/$(NAME)- \
	    $(BUILD)/corpus/$(NAME) $(wildcard fixtures/corpus/$(NAME)) >$(BUILD)/$(NAME).log 2>&1 || \
	    { tail -n 60 $(BUILD)/$(NAME).log; echo '$<: failed; the input is kept as $(BUILD)/$(NAME)-*'; exit 1; }
	@awk '/number_of_executed_units/ { print "$<: " $$2 " inputs, no finding" }' $(BUILD)/$(NAME).log

bench:       ## conversations/s, bytes and allocations each; fails when under the baseline
	@.ci/packages build
	@$(MAKE) $(SUB) FLAVOUR=release run-bench

run-bench: $(BUILD)/baton-bench
	$<

golden:      ## write fixtures/golden and cassettes/support.jsonl anew; review the difference like code
	@.ci/packages build test
	@BATON_GOLDEN=write $(MAKE) $(SUB) run-tests TESTFLAGS="--filter '@(golden|sample)/*'"

check-install: ## the installed library as a host has it: shared, static, C, C++, Python, sanitised; and what it gives out
	@.ci/packages build install
	@$(MAKE) $(SUB) all
	@$(MAKE) $(SUB) FLAVOUR=asan all
	@CC='$(CC)' SONAME=$(SONAME) VERSION=$(VERSION) MAKE='$(MAKE)' .ci/install

install: all ## the program, the library, its headers and baton.pc into $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/baton
	install $(BUILD)/baton $(DESTDIR)$(PREFIX)/bin/baton
	install -m 644 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib
	ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libbaton.so
	install -m 644 $(API) $(DESTDIR)$(PREFIX)/include/baton
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' \
	    'Name: baton' 'Description: simulates and evaluates handoffs between LLM agents' 'Version: $(VERSION)' \
	    'Requires.private: $(LINKED)' 'Libs: -L$${libdir} -lbaton' 'Libs.private: -pthread -ldl -lm' \
	    'Cflags: -I$${includedir}' >$(DESTDIR)$(PREFIX)/lib/pkgconfig/baton.pc

uninstall:   ## take away what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/baton $(DESTDIR)$(PREFIX)/lib/pkgconfig/baton.pc
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/lib/,libbaton.a libbaton.so $(SONAME))
	rm -rf $(DESTDIR)$(PREFIX)/include/baton

clean:       ## remove build/
	rm -rf build

help:        ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What the targets above are made of. The folders are prerequisites too: their times tell of a file that went away.
LINK = $(CC) $(CFLAGS_$(FLAVOUR)) $(CFLAGS) -pthread $(LDFLAGS) -o $@ $(filter %.o %/cli.a,$^) $(BUILD)/libbaton.a
SHARED = -shared -Wl,-soname,$(SONAME) -Wl,--version-script=engine/api/baton.map -Wl,-z,defs -Wl,--as-needed \
         -Wl,-z,nodelete

$(BUILD)/libbaton.a: $(OBJ) $(sort $(dir $(SRC)))
	@echo '  ar   $@'
	$(Q)rm -f $@ && $(AR) rcs $@ $(OBJ)

# Of the rest only what the API needs. It stays once it is loaded: cJSON's hooks are functions of it (engine/base/json.c).
$(BUILD)/$(SONAME): $(filter $(BUILD)/engine/api/% $(BUILD)/evals/api/%,$(OBJ)) $(BUILD)/libbaton.a engine/api/baton.map
	@echo '  link $@'
	$(Q)$(LINK) $(SHARED) $(PKG_LIBS) -ldl -lm

# The command line is the program's alone.
$(BUILD)/cli.a: $(CLI)
	@echo '  ar   $@'
	$(Q)rm -f $@ && $(AR) rcs $@ $(CLI)

$(BUILD)/baton: $(BUILD)/evals/cli/main.o $(BUILD)/cli.a $(BUILD)/libbaton.a
	@echo '  link $@'
	$(Q)$(LINK) $(PKG_LIBS) -ldl -lm

$(BUILD)/baton-tests: $(TEST:%.c=$(BUILD)/%.o) $(BUILD)/cli.a $(BUILD)/libbaton.a $(sort $(dir $(TEST)))
	@echo '  link $@'
	$(Q)$(LINK) $(PKG_LIBS) $$(pkg-config --libs criterion) -ldl -lm

# What the tests of the page share with others: how to run the program.
$(BUILD)/baton-browser: $(PAGES:%.c=$(BUILD)/%.o) $(BUILD)/evals/tests/program.o $(BUILD)/libbaton.a
	@echo '  link $@'
	$(Q)$(LINK) $(PKG_LIBS) $$(pkg-config --libs criterion) -ldl -lm

$(BUILD)/baton-peers: $(PEERS:%.c=$(BUILD)/%.o) $(BUILD)/libbaton.a
	@echo '  link $@'
	$(Q)$(LINK) $(PKG_LIBS) -ldl -lm

$(BUILD)/baton-threads: $(THREADS:%.c=$(BUILD)/%.o) $(BUILD)/engine/tests/misbehave.o $(BUILD)/libbaton.a
	@echo '  link $@'
	$(Q)$(LINK) $(PKG_LIBS) -ldl -lm

$(BUILD)/baton-bench: $(BENCH:%.c=$(BUILD)/%.o) $(BUILD)/libbaton.a
	@echo '  link $@'
	$(Q)$(LINK) $(PKG_LIBS) -ldl -lm

$(FUZZ:%.c=$(BUILD)/%): %: %.o $(BUILD)/libbaton.a
	@echo '  link $@'
	$(Q)$(LINK) -fsanitize=fuzzer $(PKG_LIBS) -ldl -lm

$(patsubst %.c,$(BUILD)/%.o,$(TEST) $(PAGES)): CFLAGS += $(shell pkg-config --cflags criterion)
$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo '  cc   $<'
	$(Q)$(CC) $(FLAGS) -MMD -MP $(CFLAGS_$(FLAVOUR)) $(CFLAGS) -c $< -o $@

# The page of the HTML report: its style and script as bytes in C.
$(BUILD)/reports/html/css.c: reports/html/page.css
$(BUILD)/reports/html/js.c: $(patsubst %,reports/html/%.js,data figures graph conversations page)
$(PAGE:.o=.c): $(BUILD)/reports/html/%.c: reports/html/embed.sh
	@mkdir -p $(@D)
	@echo '  make $@'
	$(Q)reports/html/embed.sh $* $(filter %.css %.js,$^) >$@

$(PAGE): %.o: %.c Makefile
	@echo '  cc   $<'
	$(Q)$(CC) $(FLAGS) -MMD -MP $(CFLAGS_$(FLAVOUR)) $(CFLAGS) -c $< -o $@

objects: $(ALL_OBJ)
flags:
	@echo $(CC) '$(subst ','\'',$(FLAGS))'

-include $(ALL_OBJ:.o=.d)
