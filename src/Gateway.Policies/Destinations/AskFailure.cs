using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace BlazeGateway.Policies.Destinations;

/// <summary>Why a question got no answer.</summary>
/// <param name="Kind">What it says of the destination.</param>
/// <param name="Reason">In words, free of addresses.</param>
/// <param name="IsConclusive">Whether one such failure is enough to believe it.</param>
internal readonly record struct AskFailure(ProbeFindingKind Kind, string Reason, bool IsConclusive = true)
{
    /// <summary>Whether sending may throw <paramref name="error"/> because of the destination.</summary>
    public static bool IsExpected(Exception error) => error is HttpRequestException or IOException or ObjectDisposedException or InvalidOperationException;

    /// <summary>Tells the failure by the exception and its causes.</summary>
    public static AskFailure Of(Exception error)
    {
        if (error is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError })
        {
            return new(ProbeFindingKind.Unresolved, "the host name has no address");
        }

        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return new(ProbeFindingKind.Refused, "connection refused");
                case SocketException { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable }:
                    return new(ProbeFindingKind.Refused, "no way to the host");
                case AuthenticationException:
                    return new(ProbeFindingKind.Broken, "TLS failed: its certificate is not trusted or does not fit the host name; Extensions.Tls.CertificateAuthority names whom to trust");
                case CryptographicException:
                    return new(ProbeFindingKind.Broken, "TLS failed: it wants a certificate or refuses the one of Extensions.Tls.ClientCertificate");
                case DestinationSocketsException:
                    return new(ProbeFindingKind.NotAsked, "the gateway has as many connections to destinations open as it may", IsConclusive: false);
                case TimeoutException:
                    return new(ProbeFindingKind.Silent, "no connection in time", IsConclusive: false);
                default:
                    break;
            }
        }

        return new(ProbeFindingKind.Broken, "the connection broke off before an answer", IsConclusive: false);
    }
}
