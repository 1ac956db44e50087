// Firecrest — tokens and keys made by another implementation.
// SPDX-License-Identifier: Apache-2.0

import FirecrestJWT

/// Tokens that PyPI's joserfc 1.6.5 signed, with keys that it made: `jwt.encode({"alg": …, "kid": "key-…", "typ": "JWT"}, claims,
/// key)`, `key.as_pem(private=False)`, `key.as_dict(private=False)`. The claims are the same in all:
///
///     {"iss": "https://login.example.com", "aud": "chat", "sub": "42", "iat": 1700000000, "exp": 2000000000,
///      "name": "Ada Löve", "topics": {"room:*": ["join", "push"]}}
enum Vector {
    /// A time at which they hold.
    static let now = 1_800_000_000.0
    static let issuer = "https://login.example.com"

    static func token(_ algorithm: JWSAlgorithm) -> String {
        switch algorithm {
        case .hs256:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6ImtleS1oczI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.mM0pDSqiifIXvJW-YXXXW75s2fKKChBTLyOiB97x\
                zh0
                """
        case .hs384:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzM4NCIsImtpZCI6ImtleS1oczM4NCJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.-jpRlo0eOcDjbqRSG4AuNJH_8oyMa5ulI12M-gNM\
                C-K6Jc2AO8x4YerMBRUh49Ii
                """
        case .hs512:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiIsImtpZCI6ImtleS1oczUxMiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.Ojl2lLscYySNSqo5UIvOtbAVNZsdGJiLDs6WlVlf\
                F8t5XA9zZ2kcqekJK9zLXkvZ3oSS-jg23rUxXRZ9-iS-ew
                """
        case .rs256:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6ImtleS1yczI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.MDsW2YwOHhK7xv2BExyx1udYfnMLIDlISnY2KIiw\
                KKq3zW6PgWcC6RKxfqq7S1oHW1563PlwE1dJCIdNtzWisfwWaMI3D5Z6BYdwudHWCUAzBIzexunhlpvaQLfeK9cuy4SZpvXmffsz\
                VDeXOudPT-8KVD6o9Wk8Ks2vvtz9jJlBcjFFKkcOGEMe1vY1TaLCGY_4itooWN7lN11C_ek2sE_fwVhNabczxtYD3otkgzgOp2tH\
                UfT140V61OHU074Q6gomDn1bZpdReW_-bJf6u4JOuz-laTqXYEq8KFOHD9_MWG3nN19jO5k3YYqCL_SzuhHAJcaPlRK1XRHDvMTB\
                7g
                """
        case .ps256:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJQUzI1NiIsImtpZCI6ImtleS1wczI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.ra9Gkuj416aoZxAZMvIyEPUSxr1U1335SlVIQC80\
                p2GTVKGa9pLWugCFgprxt8teRvjFzqfRCH_goD1UAFch76IPGye72ZK10fLjb0sx8oPHgmipO7-DvinRqwFmKpHOSYjGwsxJGGSN\
                PVdkI8Zbb66K0OT75DgDjco6Ld4csi5HoglScg_tCJtAmUoe3XvdFmbgcpP_0KZwE_GHyq7Zzb__-mqpQ_Thd7toiNIkoGrFC7SL\
                7T0_iNKmeKHc48IHAVTgWIwQ9LsEW8cX8IvXJ3QkU0R6ossR-DILxoKzxWhy6lXRA0swTjbY2wxJRUS1xEL5TOLpKwpIGrhDLEHf\
                Fw
                """
        case .rs384:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzM4NCIsImtpZCI6ImtleS1yczM4NCJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.C4-rCy5w_I6eNm8N4yUHFpxSljDY85p2cJxN4Pox\
                Nr7NedWFfxIAWEnXNnRvl78irDIVgFFHiVfp3s5Kz07a0nNmY2qKRUWtkbyP_nHBwJ40Dl8FYEToTvq6zWFgbNrL3M2Cyy90TO0Z\
                hLDNA0BwSlLC1-AX6io-jwByL8G1tPR5yBzejokfeSFo8lyTJJm1a-1JNwouVyFToDian6wYnMkgwVDIfTk52WLZSJJHMtCASn9j\
                dgHWP9kDyDYxzTEUkoYbLRzThBWA3wWQkMpj73caSkjzOpPJuW6W5YbaX4RnXuMrh_Qs5sg5AbES8TGi_JtVW_Kz9Tf7Y2q5xsLu\
                pQ
                """
        case .rs512:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzUxMiIsImtpZCI6ImtleS1yczUxMiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.S944hGh4YH8j1y5nrh5XYBaXB-9ki7FHJUT8LFMY\
                RFrr-bmxyglKbDQX8xIqui6ycGYotKizSPdaNps1_jjMMiIsMwokauKMJ-_h0znOiTh8RAeApLPsCMff5TYnd7JDVPrOANvl0xiB\
                hyh06lZL-vsaTJ1R4ZMxQkGmMlZ1ToObt_HL72FILLCqEVcUS3_wJnlOz9_Tn526AZcDj4-muq9mMYkPpDLcOklF3APwYwBbJaHB\
                sA_k4YEEigjLSScqIvRLOnaPE1QJ6onA5HAWuQdxB1t6L2qtO8A5UnVB5A1RlfGsSoTIeei7QElSgxDzTbcsuyTJ-A-l1dzjQ0U4\
                Xw
                """
        case .ps384:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJQUzM4NCIsImtpZCI6ImtleS1wczM4NCJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.iLyjSRrMCk_OOf7MMWW94I-_jNPUBRT3FlVofr4u\
                ZR-v9eqD73sPtPbcXEnBvmx9RrvU2tBq1J5mnja2zVOxMYbc19jYdYjypctDmhShsNnCetofmTS8nVXUUFgnRu3ifW593q1DF8Iq\
                XvkECesU6vQvqQtV27_brxhp2sjzTh3FR-VI7hzQAwZsbsTtpr7zbmKjlXXzglHgpfmlIyrhx4BNuH8YW19gtrnIuIqULIKCWFZN\
                fpxLqNouEMkxy3xjZ3_ybnk3Ce7pOJy_KkAJokIcPAhKpPUPqDTQO-H7YS6Qpw2sRSW8O0WrAdwZLrhq-895BPAacdCn7PTYkNJx\
                dQ
                """
        case .ps512:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJQUzUxMiIsImtpZCI6ImtleS1wczUxMiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.Du6PJqVb3L2moeuB7AesZ4GWg1hZcicamaSxbqzC\
                fdOSN1QwIICFJH0XpC8spv3fs6hE9ojOwmaU-H7ijzGX-Dbp_oW07yg_9bgNADMYGpQaYXaMePsl45X2-NNRD2ZeuWApMQHwAwn_\
                KDzpM9JZTijUwxxNCdtqQH7VebAB6L3ZGanFNMzfXoDTXXQov6gcwTukJI28t1wlV0rO5Y1SAnm6KcAhzy3vnoGCfplBQMglKCfb\
                lmbo3oy1UdRX_k3-J1NfZX6883H4yjghLWMR1rMe4-b4EdArx-NDdkKjBeLgtTurFoPIMDCLYAwPYs03MjrRz_EGFug2dPtDWruf\
                SQ
                """
        case .es256:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6ImtleS1lczI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.QVaVD8463BEmRqiMiDYCNts-XCXTPY6CwQjkoOA_\
                -qNpEJXfHsSjifhY4dzBaB95zrYXsyv9An27l8sOfvC2Lg
                """
        case .es384:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzM4NCIsImtpZCI6ImtleS1lczM4NCJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.M6YEa5YVfnf7FognqV-Rf9_sIHgJw6EPSOPfsDXr\
                09qczfR_XrlOUY_up2AA3IFU5eT8-HVMC8pcERTCvwDu8x8qG1DCT4XEJddOo5D9y4bW47PoZFhKwnK5_PU4G3u0
                """
        case .es512:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzUxMiIsImtpZCI6ImtleS1lczUxMiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.AJkEPmbL64WikFpmwU6VsNA_4Daodqo-gP1Rwz5Y\
                yTDZVelBmCXnzA06In_fk9gBK1kUTXQbvd6PC66kV3kfh5hSASZz63jwhNwq9O7uZWMse4hKrOziLuK7czthQUPr5wEyWJNIuies\
                mobe4oIHxdSPBTrdkUcKsUszuQUbVseze40-
                """
        case .eddsa:
            return """
                eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6ImtleS1lZGRzYSJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGU\
                uY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJBZGE\
                gTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.uW9dZUcojUzlvVk8UAUBK3sSQ3Bl_908aJ32ni5W\
                hDYufHlvsm3RtUIsHr6jt_5_EVaDSibpIfXh1Gikg0tqDw
                """
        }
    }

    /// EdDSA by its newer name (RFC 9864).
    static let ed25519Token = """
        eyJ0eXAiOiJKV1QiLCJhbGciOiJFZDI1NTE5Iiwia2lkIjoia2V5LWVkZHNhIn0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1w\
        bGUuY29tIiwiYXVkIjoiY2hhdCIsInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDAsIm5hbWUiOiJB\
        ZGEgTMO2dmUiLCJ0b3BpY3MiOnsicm9vbToqIjpbImpvaW4iLCJwdXNoIl19fQ.yPl27uhUdiSAP_VaV03kiL8w7NF1i0relk-Bn\
        lWGICL8tLXmjMmq-lxIWiOAcQp5ix3E37miRaQXtRrYc999DA
        """

    static func secret(_ algorithm: JWSAlgorithm) -> String {
        String(repeating: "0123456789abcdef", count: algorithm == .hs256 ? 2 : algorithm == .hs384 ? 3 : 4)
    }

    /// The public key in PEM, for algorithms that have one.
    static func pem(_ algorithm: JWSAlgorithm) -> String {
        switch algorithm {
        case .es256:
            return """
                -----BEGIN PUBLIC KEY-----
                MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2BVZ8PJF4Eacy0GpO/L2/iUBCCtf
                Xh1N6/vVD+viiF7qxlykt0gGhlBMtnxPJI+BxA3ho0s4a0mza0GAznSBDQ==
                -----END PUBLIC KEY-----
                """
        case .es384:
            return """
                -----BEGIN PUBLIC KEY-----
                MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEBATucEO/5Gar1Wt7RFilAIawmoGqJVr7
                +zYB5kmZKnuImc2UGuNq7QMIM/UIRhV9t9fGYJekcTFuIGq8J0HEG9+EHv2zHYy/
                NMISLvq32a+9AdPtwrA8GYal/3OxLEis
                -----END PUBLIC KEY-----
                """
        case .es512:
            return """
                -----BEGIN PUBLIC KEY-----
                MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQATKZiVKXmtcq5bmMM3CteOHsEiDFg
                84WfdRnEMK6WfUCACuH643JdmfZiOgWsuO24pgYMPyTZoUXA50LUo1NHUskB5eVm
                P3MfR01OL91VrBfXwBGR+MEF6I6yLRyBVIXMT0ZQh4dijfhLURDg6kNwkE8kblhV
                0fx9wqRVe448/MaLRTk=
                -----END PUBLIC KEY-----
                """
        case .eddsa:
            return """
                -----BEGIN PUBLIC KEY-----
                MCowBQYDK2VwAyEA64Ji6oS0XKZ02S8aXXXf4UlEfINuW8lEs79WykHJbg8=
                -----END PUBLIC KEY-----
                """
        default:
            return """
                -----BEGIN PUBLIC KEY-----
                MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxnTxcCQwzkdxHesA7akv
                0v0Mk7/JeTI6TLxvcfnKpZ+xTpS2fFgV81hfsnk3oTVA3RL2RBAJIugNzQUXUfkP
                oWr8h7YPfn3tvHppKtquxISGHs1oVq3chS1LVp28KEO3PAjqu4rhHUrY2tnoPjqb
                Pb09RMuPaOWOD0QhvjBJ2ESj0ILiv45ojgIGiVXeJGquIGTsUy9T9ovcTY3bWD3q
                pUeXp6DZamYBnFBbRoNr9Nn5/BRfUYvrLh9TKBD3JzHSC58rlIRLmFRAo8MuJszA
                MFZ0wpsqZOtCSONe6WOvMtXweAJO16bv4IRGHLONOCjQ16UXfRcWiQD4RWu8tc0d
                RQIDAQAB
                -----END PUBLIC KEY-----
                """
        }
    }

    /// The members of the public key as a JWK, or of the secret.
    static func jwk(_ algorithm: JWSAlgorithm) -> [String: String] {
        switch algorithm {
        case .hs256:
            return [
                "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY",
                "kty": "oct",
            ]
        case .hs384:
            return [
                "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm",
                "kty": "oct",
            ]
        case .hs512:
            return [
                "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg",
                "kty": "oct",
            ]
        case .es256:
            return [
                "crv": "P-256",
                "x": "2BVZ8PJF4Eacy0GpO_L2_iUBCCtfXh1N6_vVD-viiF4",
                "y": "6sZcpLdIBoZQTLZ8TySPgcQN4aNLOGtJs2tBgM50gQ0",
                "kty": "EC",
            ]
        case .es384:
            return [
                "crv": "P-384",
                "x": "BATucEO_5Gar1Wt7RFilAIawmoGqJVr7-zYB5kmZKnuImc2UGuNq7QMIM_UIRhV9",
                "y": "t9fGYJekcTFuIGq8J0HEG9-EHv2zHYy_NMISLvq32a-9AdPtwrA8GYal_3OxLEis",
                "kty": "EC",
            ]
        case .es512:
            return [
                "crv": "P-521",
                "x": "AEymYlSl5rXKuW5jDNwrXjh7BIgxYPOFn3UZxDCuln1AgArh-uNyXZn2YjoFrLjtuKYGDD8k2aFFwOdC1KNTR1LJ",
                "y": "AeXlZj9zH0dNTi_dVawX18ARkfjBBeiOsi0cgVSFzE9GUIeHYo34S1EQ4OpDcJBPJG5YVdH8fcKkVXuOPPzGi0U5",
                "kty": "EC",
            ]
        case .eddsa:
            return [
                "crv": "Ed25519",
                "x": "64Ji6oS0XKZ02S8aXXXf4UlEfINuW8lEs79WykHJbg8",
                "kty": "OKP",
            ]
        default:
            return [
                "n": """
                xnTxcCQwzkdxHesA7akv0v0Mk7_JeTI6TLxvcfnKpZ-xTpS2fFgV81hfsnk3oTVA3RL2RBAJIugNzQUXUfkPoWr8h7YPfn3tvHpp\
                KtquxISGHs1oVq3chS1LVp28KEO3PAjqu4rhHUrY2tnoPjqbPb09RMuPaOWOD0QhvjBJ2ESj0ILiv45ojgIGiVXeJGquIGTsUy9T\
                9ovcTY3bWD3qpUeXp6DZamYBnFBbRoNr9Nn5_BRfUYvrLh9TKBD3JzHSC58rlIRLmFRAo8MuJszAMFZ0wpsqZOtCSONe6WOvMtXw\
                eAJO16bv4IRGHLONOCjQ16UXfRcWiQD4RWu8tc0dRQ
                """,
                "e": "AQAB",
                "kty": "RSA",
            ]
        }
    }

    /// A certificate for a P-256 key, made with PyPI's cryptography, and a token that joserfc signed with that key, without
    /// a `kid`.
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBEjCBuaADAgECAgEBMAoGCCqGSM49BAMCMBMxETAPBgNVBAMMCGp3dCB0ZXN0
        MB4XDTI0MDEwMTAwMDAwMFoXDTM0MDEwMTAwMDAwMFowEzERMA8GA1UEAwwIand0
        IHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR2TYi4SNieA8bn+X+qoPUJ
        UtJuDbf5ZjNtcXmD2Vlmn1ig0Blcmj3dqtPrmGnUIK+cJ/LUbpuBQTDrCU1/VdTE
        MAoGCCqGSM49BAMCA0gAMEUCIQDL4J3sTZpPAw6LqguidqV2hSDNcMWG7uqx00MJ
        LuDTDQIgL+9ieScy5eeeRwVyuFQFZyH5kSJuh/DTC3X0cYgd9wM=
        -----END CERTIFICATE-----
        """

    static let certifiedToken = """
        eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUuY29tIiwiYXVkIjoiY2hhdCI\
        sInN1YiI6IjQyIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDB9.Sr26QmLUC3_RCoEHMOEubZWXoZOJFg5D6MsThA\
        fVN3rit4lVnPTL1AvSvukeRo5wCXbybQ7T0Oh8HDZkV-u_PA
        """

    /// RSA with 1,024 bits.
    static let weakKey = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDV/prlDW8KKuUibTauJbktlR7B
        x/drZrnlUBAirstntQBTedlEB84caSbe8goaGukP9a+a8sCAH9mBy2Mo7uYLddD9
        PZxe0XJ7v+tn+uwFK6RTnw72gdnwjkpdSxcNynqdrDUXYoBu1wsoMdxynDtjn3ZB
        NXmAodfigdDTYpUI/wIDAQAB
        -----END PUBLIC KEY-----
        """

    /// A private key, the one of the certificate.
    static let privateKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXfxQZcpE58xbjWvO
        WY5zi7kSBOOZX4Tw1wdt7IaMtsKhRANCAAR2TYi4SNieA8bn+X+qoPUJUtJuDbf5
        ZjNtcXmD2Vlmn1ig0Blcmj3dqtPrmGnUIK+cJ/LUbpuBQTDrCU1/VdTE
        -----END PRIVATE KEY-----
        """
}
