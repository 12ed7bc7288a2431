#### heredoc
cat <<EOF
line $((1 + 1))
EOF
#### heredoc quoted
cat <<'EOF'
line $x
EOF
#### heredoc tabs
cat <<-EOF
	indented
	EOF
#### herestring
cat <<< "hello world"
#### file and back
f=/tmp/begat_r_$$; echo a > $f; echo b >> $f; cat $f; rm $f
#### stderr away
ls /nowhere 2>/dev/null; echo done
#### stderr to stdout
{ echo out; echo err >&2; } 2>&1 | sort
#### both to file
f=/tmp/begat_b_$$; { echo o; echo e >&2; } &> $f; sort $f; rm $f
#### pipe both
{ echo o; echo e >&2; } |& sort
#### descriptor
f=/tmp/begat_d_$$; exec 3> $f; echo x >&3; exec 3>&-; cat $f; rm $f
#### read from descriptor
exec 4< <(printf 'l1\nl2\n'); read -r a <&4; read -r b <&4; echo $a $b
#### process substitution
cat <(echo a) <(echo b)
#### diff of two
diff <(echo a) <(echo a) && echo same
#### input from file
f=/tmp/begat_i_$$; printf '3\n1\n2\n' > $f; sort < $f; rm $f
#### tee
f=/tmp/begat_t_$$; echo x | tee $f; cat $f; rm $f
#### dev null
echo gone > /dev/null; cat < /dev/null; echo ok
#### swap
{ echo err >&2; } 3>&1 1>&2 2>&3 3>&- | cat
#### loop to file
f=/tmp/begat_l_$$; for i in 1 2; do echo $i; done > $f; cat $f; rm $f
#### noclobber
f=/tmp/begat_n_$$; echo a > $f; set -C; (echo b > $f) 2>/dev/null || echo kept; rm $f
