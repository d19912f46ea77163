using System.Text;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Whether an answer has to be changed on its way, which costs a second stream; most answers pass untouched.</summary>
internal static class AnswerRewrite
{
    /// <summary>True when token counts the gateway asked for are to be removed, or the public model name is to be put back.</summary>
    public static bool IsWanted(RequestContext context) =>
        context.IsUsageInjected || (context.Route.Options.Response.RestoreModelName && context.Model?.Rewrite is not null);

    /// <summary>The stream the client gets in place of the observed one.</summary>
    public static RewrittenStream Wrap(ObservedStream observed, RequestContext context, bool isStream)
    {
        var name = context.Route.Options.Response.RestoreModelName && context.Model?.Rewrite is not null
            ? Encoding.ASCII.GetString(context.Facts.Model)
            : null;
        return new RewrittenStream(observed, isStream, context.IsUsageInjected, name, context.Dialect);
    }
}
