#!/usr/bin/env escript
%%! -noinput
%% Firecrest — evaluates Erlang for the tests: one request, one answer, until its standard input ends
%% SPDX-License-Identifier: Apache-2.0

%% A request and an answer are each 4 bytes of length and that many bytes.
%%   request  4 bytes of length, an Erlang expression of that length, then what it sees as the binary `Input`
%%   answer   0 and the expression's value, which must be a binary or an iolist; or 1 and why there is none
%% An expression calls every module of Erlang/OTP, and the functions below by their names alone.

-mode(compile).

main(_) ->
    process_flag(trap_exit, true),
    Port = open_port({fd, 0, 1}, [{packet, 4}, binary, eof]),
    loop(Port).

loop(Port) ->
    receive
        {Port, {data, <<Size:32, Text:Size/binary, Input/binary>>}} ->
            Answer = try [0, evaluate(unicode:characters_to_list(Text), Input)]
                     catch Class:Reason:Stack ->
                         [1, unicode:characters_to_binary(io_lib:format("~p: ~tp~n~tp", [Class, Reason, Stack]))]
                     end,
            port_command(Port, Answer),
            loop(Port);
        {Port, eof} -> halt(0);
        {'EXIT', Port, _} -> halt(1)
    end.

evaluate(Text, Input) ->
    {ok, Tokens, _} = erl_scan:string(Text ++ "."),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    Bindings = erl_eval:add_binding('Input', Input, erl_eval:new_bindings()),
    {value, Value, _} = erl_eval:exprs(Expressions, Bindings, {value, fun call/2}),
    iolist_to_binary(Value).

call(terms, [Seed, Count, Kind]) -> terms(Seed, Count, Kind);
call(compare, [Pairs]) -> compare(Pairs);
call(pairs, [Binaries]) -> pairs(Binaries);
call(framed, [Binaries]) -> framed(Binaries);
call(unframed, [Bytes]) -> unframed(Bytes);
call(sign, [Message, Secret, Salt, Digest]) -> sign(Message, Secret, Salt, Digest);
call(verify, [Text, Secret, Salt]) -> verify(Text, Secret, Salt);
call(encrypt, [Message, Secret, Salt]) -> encrypt(Message, Secret, Salt);
call(decrypt, [Text, Secret, Salt]) -> decrypt(Text, Secret, Salt).

%% Binaries side by side, each behind 4 bytes of its length, and back.
framed(Binaries) -> [[<<(byte_size(B)):32>>, B] || B <- Binaries].

unframed(<<>>) -> [];
unframed(<<Size:32, Bytes:Size/binary, Rest/binary>>) -> [Bytes | unframed(Rest)].

pairs([]) -> [];
pairs([One, Other | Rest]) -> [{One, Other} | pairs(Rest)].

%% --- random terms ---

%% `Count` terms as `term_to_binary` writes them. `json`: those that have a form in JSON; `any`: bytes that are no text,
%% too.
terms(Seed, Count, Kind) ->
    rand:seed(exsss, Seed),
    framed([term_to_binary(term(4, Kind)) || _ <- lists:seq(1, Count)]).

term(0, Kind) -> scalar(Kind);
term(Depth, Kind) ->
    case rand:uniform(10) of
        N when N =< 6 -> scalar(Kind);
        7 -> [term(Depth - 1, Kind) || _ <- several()];
        8 -> list_to_tuple([term(Depth - 1, Kind) || _ <- several()]);
        9 -> maps:from_list([{key(), term(Depth - 1, Kind)} || _ <- several()]);
        10 -> [rand:uniform(256) - 1 || _ <- lists:seq(1, rand:uniform(40))]
    end.

several() -> lists:seq(1, rand:uniform(6) - 1).

scalar(Kind) ->
    case rand:uniform(9) of
        1 -> nil;
        2 -> true;
        3 -> false;
        4 -> rand:uniform(512) - 256;
        5 -> integer();
        6 -> float(integer());
        7 -> real();
        8 -> text();
        9 when Kind =:= any -> rand:bytes(rand:uniform(40) - 1);
        9 -> text()
    end.

%% Of any size up to 64 bits and a sign, the powers of two and their neighbours above all.
integer() ->
    Power = 1 bsl rand:uniform(64),
    case rand:uniform(4) of
        1 -> min(Power, 16#FFFFFFFFFFFFFFFF);
        2 -> Power - 1;
        3 -> -(Power - 1);
        4 -> rand:uniform(Power) - rand:uniform(Power)
    end.

real() ->
    <<Value/float>> = finite(rand:bytes(8)),
    Value.

finite(<<_/float>> = Bytes) -> Bytes;
finite(_) -> finite(rand:bytes(8)).

text() -> unicode:characters_to_binary([character() || _ <- lists:seq(1, rand:uniform(20) - 1)]).

character() ->
    case rand:uniform(6) of
        1 -> rand:uniform(32) - 1;
        2 -> $" + rand:uniform(2) * 29 - 29;
        3 -> 16#80 + rand:uniform(16#700);
        4 -> 16#10000 + rand:uniform(16#FFFF);
        _ -> 31 + rand:uniform(95)
    end.

key() ->
    case rand:uniform(8) of
        1 -> rand:uniform(1000);
        2 -> true;
        3 -> nil;
        _ -> text()
    end.

%% --- comparing ---

%% `ok`, or the first pair of terms, each as bytes, that do not mean the same to a client.
compare([]) -> <<"ok">>;
compare([{Left, Right} | Pairs]) ->
    case {plain(binary_to_term(Left)), plain(binary_to_term(Right))} of
        {Same, Same} -> compare(Pairs);
        {One, Other} -> unicode:characters_to_binary(io_lib:format("~tp~nis not~n~tp", [One, Other]))
    end.

%% What a term is in JSON: tuples are lists, keys are text, and a number is a number.
plain(Tuple) when is_tuple(Tuple) -> plain(tuple_to_list(Tuple));
plain(List) when is_list(List) -> [plain(Element) || Element <- List];
plain(Map) when is_map(Map) ->
    maps:from_list([{name(Key), plain(Value)} || {Key, Value} <- maps:to_list(Map)]);
plain(Integer) when is_integer(Integer), abs(Integer) > 1 bsl 53 -> {rounded, float(Integer)};
plain(Integer) when is_integer(Integer) -> Integer;
plain(Float) when is_float(Float), abs(Float) > 1 bsl 53 -> {rounded, Float};
plain(Float) when is_float(Float) ->
    case float(trunc(Float)) == Float of
        true -> trunc(Float);
        false -> Float
    end;
plain(Other) -> Other.

name(Key) when is_atom(Key) -> atom_to_binary(Key);
name(Key) when is_integer(Key) -> integer_to_binary(Key);
name(Key) -> Key.

%% --- tokens and cookies, after section 8 of the notes ---

key(Secret, Salt) -> crypto:pbkdf2_hmac(sha256, Secret, Salt, 1000, 32).

sign(Message, Secret, Salt, Digest) ->
    Head = maps:get(Digest, #{sha256 => <<"SFMyNTY">>, sha384 => <<"SFMzODQ">>, sha512 => <<"SFM1MTI">>}),
    Signed = <<Head/binary, $., (base64url(Message))/binary>>,
    <<Signed/binary, $., (base64url(crypto:mac(hmac, Digest, key(Secret, Salt), Signed)))/binary>>.

%% The message of a text signed with SHA-256, or a crash.
verify(Text, Secret, Salt) ->
    [<<"SFMyNTY">>, Payload, Mac] = binary:split(Text, <<".">>, [global]),
    Signed = <<"SFMyNTY.", Payload/binary>>,
    Expected = base64url(crypto:mac(hmac, sha256, key(Secret, Salt), Signed)),
    Expected = Mac,
    unbase64url(Payload).

encrypt(Message, Secret, Salt) ->
    <<Long:16/binary, Rest:8/binary>> = Nonce = crypto:strong_rand_bytes(24),
    {Cipher, Tag} = crypto:crypto_one_time_aead(
        chacha20_poly1305, hchacha20(key(Secret, Salt), Long), <<0:32, Rest/binary>>, Message, <<"A128GCM">>, true),
    <<"XCP.", (base64url(<<Nonce/binary, Tag/binary, Cipher/binary>>))/binary>>.

decrypt(<<"XCP.", Text/binary>>, Secret, Salt) ->
    <<Long:16/binary, Rest:8/binary, Tag:16/binary, Cipher/binary>> = unbase64url(Text),
    Message = crypto:crypto_one_time_aead(
        chacha20_poly1305, hchacha20(key(Secret, Salt), Long), <<0:32, Rest/binary>>, Cipher, <<"A128GCM">>, Tag, false),
    true = is_binary(Message),
    Message.

%% OpenSSL's ChaCha20 adds its first state to its last; taken away again, the corners of the block are the key.
hchacha20(Key, Nonce) ->
    Block = crypto:crypto_one_time(chacha20, Key, Nonce, <<0:512>>, true),
    <<First:16/binary, _:32/binary, Last:16/binary>> = Block,
    Before = <<"expand 32-byte k", Nonce/binary>>,
    << <<(A - B):32/little>> || {A, B} <- lists:zip(words(<<First/binary, Last/binary>>), words(Before)) >>.

words(Bytes) -> [Word || <<Word:32/little>> <= Bytes].

base64url(Bytes) ->
    << <<(case C of $+ -> $-; $/ -> $_; _ -> C end)>> || <<C>> <= base64:encode(Bytes), C =/= $= >>.

unbase64url(Text) ->
    Standard = << <<(case C of $- -> $+; $_ -> $/; _ -> C end)>> || <<C>> <= Text >>,
    base64:decode(<<Standard/binary, (binary:copy(<<"=">>, -byte_size(Text) band 3))/binary>>).
