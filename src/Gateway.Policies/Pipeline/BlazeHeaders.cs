using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Headers of the gateway's own. All begin with <see cref="Prefix"/> and are stripped when they come in, from clients and from destinations.</summary>
internal static class BlazeHeaders
{
    /// <summary>What they begin with.</summary>
    public const string Prefix = "X-Blaze-";

    /// <summary>Destination that answered.</summary>
    public const string Destination = "X-Blaze-Destination";

    /// <summary>How the destination was picked.</summary>
    public const string Decision = "X-Blaze-Decision";

    /// <summary>Code of the gateway's own error.</summary>
    public const string Error = "X-Blaze-Error";

    /// <summary>Destinations the request was sent to, when there was more than one.</summary>
    public const string Attempts = "X-Blaze-Attempts";

    /// <summary>Sets <see cref="Attempts"/> on an answer that needed more than one.</summary>
    public static void TellAttempts(IHeaderDictionary headers, int attempts)
    {
        if (attempts > 1)
        {
            headers[Attempts] = attempts.ToString(CultureInfo.InvariantCulture);
        }
    }
}
