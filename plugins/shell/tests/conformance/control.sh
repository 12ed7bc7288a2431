#### if else
if false; then echo a; elif true; then echo b; else echo c; fi
#### test numbers
[ 3 -gt 2 ] && echo gt; [ 3 -eq 4 ] || echo ne
#### test strings
[ -z "" ] && echo z; [ -n a ] && echo n; [ a = a ] && echo eq; [ a != b ] && echo ne
#### double bracket pattern
[[ hello == h*o ]] && echo yes; [[ hello == "h*o" ]] || echo no
#### double bracket regex
[[ abc123 =~ ([a-z]+)([0-9]+) ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
#### double bracket and or
[[ 1 -lt 2 && ( a == b || c == c ) ]] && echo ok
#### double bracket less
[[ apple < banana ]] && echo less
#### case
case foo in f*) echo f;; *) echo other;; esac
#### case alternatives
case b in a|b|c) echo abc;; esac
#### case fall through
case a in a) echo 1;& b) echo 2;; c) echo 3;; esac
#### case continue
case ab in a*) echo 1;;& *b) echo 2;;& x) echo 3;; esac
#### for list
for i in a b c; do echo $i; done
#### for c style
for ((i = 0; i < 3; i++)); do echo $i; done
#### for positional
set -- x y; for i; do echo $i; done
#### while
i=0; while [ $i -lt 3 ]; do echo $i; i=$((i + 1)); done
#### until
i=0; until [ $i -ge 2 ]; do echo $i; ((i++)); done
#### break and continue
for i in 1 2 3 4 5; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done
#### break two
for i in 1 2; do for j in 1 2; do [ $j = 2 ] && break 2; echo $i$j; done; done
#### while read
printf 'a 1\nb 2\n' | while read -r n v; do echo "$v-$n"; done
#### read without newline
printf 'x' | { read -r v || true; echo "[$v]"; }
#### select nothing
select x in a b; do echo $x; done </dev/null; echo done
#### group
{ echo a; echo b; } | tac
#### subshell keeps outside
x=1; (x=2; echo $x); echo $x
#### and or list
true && echo a || echo b; false && echo c || echo d
#### not
! false && echo yes
#### pipeline status
false | true; echo $?
#### pipefail
set -o pipefail; false | true; echo $?
#### PIPESTATUS
true | false | true; echo "${PIPESTATUS[@]}"
#### set e stops
set -e; echo a; false; echo b
#### set e in if
set -e; if false; then echo x; fi; echo after
#### set e and or
set -e; false || echo saved; echo after
#### set e in function
set -e; f() { false; echo in; }; f || echo caught; echo after
#### set u
set -u; echo "${undefined_thing}"; echo after
#### set u default
set -u; echo "${undefined_thing:-ok}"
#### trap exit
trap 'echo bye' EXIT; echo hi
#### trap err
trap 'echo err' ERR; false; echo after
#### exit code
exit 7
#### exit in subshell
(exit 3); echo $?
#### command not found
no_such_command_here; echo $?
#### return code
f() { return 4; }; f; echo $?
#### colon
: ignored; echo $?
#### eval
x='echo evaluated'; eval "$x"
#### let
let 'x = 3 * 4'; echo $x
#### arithmetic command status
((0)); echo $?; ((1)); echo $?
#### true in background
true & wait; echo $?
#### kill own code
bash -c 'exit 9'; echo $?
#### signal like end
(exit 143); echo $?
