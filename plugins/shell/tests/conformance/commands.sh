#### echo options
echo -n a; echo b; echo -e 'x\ty'
#### printf
printf '%s=%d %5.2f|%-5s|%05d|%x\n' a 5 3.14159 ab 42 255
#### printf repeats
printf '%s-' a b c; echo
#### printf escapes
printf 'a\\b\tc\n'; printf '%b\n' 'x\ty'; printf '%q\n' 'a b'
#### printf wide
printf '%3s|%-3s|\n' a b
#### grep
printf 'apple\nbanana\ncherry\n' | grep an
#### grep count and invert
printf 'a\nb\na\n' | grep -c a; printf 'a\nb\n' | grep -v a
#### grep extended
printf 'foo1\nbar\n' | grep -E '^[a-z]+[0-9]$'
#### grep only and number
echo 'a1b22' | grep -o '[0-9]*'; printf 'x\ny\n' | grep -n y
#### grep quiet
echo abc | grep -q b && echo found; echo abc | grep -q x || echo missing
#### sed
echo 'hello world' | sed 's/world/there/'
#### sed global and groups
echo 'a-b-c' | sed 's/-/+/g; s/\(a\)+\(b\)/\2\1/'
#### sed extended
echo 'x12' | sed -E 's/([a-z])([0-9]+)/\2\1/'
#### sed delete and print
printf '1\n2\n3\n' | sed '2d'; printf '1\n2\n3\n' | sed -n '2,3p'
#### sed insert
printf 'b\n' | sed '1i a'
#### awk fields
printf 'a 1\nb 2\n' | awk '{print $2, $1}'
#### awk sum
printf '1\n2\n3\n' | awk '{s += $1} END {print s}'
#### awk separator
echo 'a:b:c' | awk -F: '{print $2 NF}'
#### awk pattern
printf 'x 5\ny 15\n' | awk '$2 > 10 {print $1}'
#### awk functions
echo 'Hello' | awk '{print toupper($1), length($1), substr($1, 2, 3)}'
#### awk array
printf 'a\nb\na\n' | awk '{c[$1]++} END {for (k in c) print k, c[k]}' | sort
#### awk printf
echo 3.14159 | awk '{printf "%.2f\n", $1}'
#### sort
printf '10\n9\n2\n' | sort; printf '10\n9\n2\n' | sort -n; printf 'a\nb\n' | sort -r
#### sort key
printf 'a 3\nb 1\n' | sort -k2 -n
#### sort unique
printf 'b\na\nb\n' | sort -u
#### uniq
printf 'a\na\nb\n' | uniq -c | awk '{print $1, $2}'
#### cut
echo 'a:b:c' | cut -d: -f1,3; echo abcdef | cut -c2-4
#### tr
echo hello | tr a-y b-z; echo 'a  b' | tr -s ' '; echo a1b2 | tr -d 0-9
#### head and tail
seq 10 | head -n 2; seq 10 | tail -n 2; seq 5 | tail -n +4
#### wc
printf 'a b\nc\n' | wc -l; printf 'abc' | wc -c; echo 'a b c' | wc -w
#### seq
seq 3; seq 2 2 6; seq -s, 3
#### rev and tac
echo abc | rev; printf '1\n2\n' | tac
#### paste
paste -d, <(printf '1\n2\n') <(printf 'a\nb\n')
#### join lines
printf 'a\nb\nc\n' | paste -sd+ -
#### xargs
printf '1 2 3\n' | xargs -n1 echo n
#### xargs replace
printf 'a\nb\n' | xargs -I{} echo '<{}>'
#### basename and dirname
basename /a/b.txt .txt; dirname /a/b.txt
#### mkdir and find
d=/tmp/begat_f_$$; mkdir -p $d/x/y; touch $d/x/a.txt $d/x/y/b.txt; (cd $d; find . -name '*.txt' | sort); rm -r $d
#### cp and mv
d=/tmp/begat_c_$$; mkdir $d; echo 1 > $d/a; cp $d/a $d/b; mv $d/b $d/c; ls $d; rm -r $d
#### test files
d=/tmp/begat_e_$$; mkdir $d; touch $d/f; [ -f $d/f ] && echo f; [ -d $d ] && echo d; [ -e $d/x ] || echo none; rm -r $d
#### glob
d=/tmp/begat_g_$$; mkdir $d; cd $d; touch b.txt a.txt c.log; echo *.txt; echo ?.log; echo [ab].txt; cd /; rm -r $d
#### extglob
shopt -s extglob; x=foobar; echo ${x/@(foo|baz)/_}
#### date fixed
date -u -d '2024-03-05' +%Y-%m-%d
#### date epoch
date -u -d @86400 +%F
#### expr
expr 3 + 4; expr length hello
#### bc
echo '3 * (2 + 1)' | bc
#### base64
echo -n hello | base64; echo aGVsbG8= | base64 -d; echo
#### md5
printf abc | md5sum | cut -d' ' -f1
#### sha256
printf abc | sha256sum | cut -d' ' -f1
#### env
env -i A=1 env
#### true false
true; echo $?; false; echo $?
#### sleep
sleep 0; echo awake
#### test and
test 1 -lt 2 -a 2 -lt 3 && echo both
#### comm
comm -12 <(printf 'a\nb\n') <(printf 'b\nc\n')
#### nl
printf 'a\nb\n' | nl -ba | awk '{print $1 $2}'
#### fold
echo abcdef | fold -w 2
#### column
printf 'a b\nccc d\n' | column -t
#### od
printf 'AB' | od -An -tx1 | tr -d ' '
#### read prompt
echo input | { read -r x; echo "got $x"; }
#### read timeout
read -t 0.1 x < /dev/null; echo $?
#### read delimiter
printf 'a:b' | { read -r -d: x; echo $x; }
#### wide printf
x=$(printf '%20000s' ''); echo ${#x}
#### yes and head
yes | head -n 3
#### time zones
TZ=UTC date -d @0 +%H:%M
#### random is a number
[[ $RANDOM =~ ^[0-9]+$ ]] && echo number
#### line number
echo $LINENO
#### seconds
echo $((SECONDS < 5))
#### umask
umask 022; umask
#### pwd and cd
cd /tmp; pwd; cd - > /dev/null; cd /; pwd
#### pushd
cd /; pushd /tmp > /dev/null; pwd; popd > /dev/null; pwd
#### history off
set +o history; echo ok
#### string escapes
echo "a\\b \$x \"q\""
#### long pipeline
seq 100 | grep 5 | sed 's/5/x/' | sort -r | head -n 1
#### unicode length
s='äöü'; echo ${#s}
